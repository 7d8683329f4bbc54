#include "waypost/cli/run.hpp"

#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>

#include "commands.hpp"
#include "waypost/delivery_worker/worker.hpp"

namespace waypost::cli {

namespace {

/// The parser, and what its options chose: each command leaves behind what is to be done.
struct command_line {
    CLI::App app{"waypost, a mail transfer agent", "waypost"};
    configuration where;
    std::function<int()> chosen;
};

void add_configuration(CLI::App& command, configuration& where) {
    command.add_option("-f,--file", where.file,
                       "the configuration (default: $WAYPOST_CONFIG or /etc/waypost/smtpd.conf)");
    command.add_option("-D,--define", where.defines, "a macro, name=value; it beats the file's")
        ->allow_extra_args(false);
}

/// `Options` are the command's own; `what` gets the configuration and them.
template <class Options, class What>
std::shared_ptr<Options> when_chosen(CLI::App& command, command_line& line, What what) {
    auto options = std::make_shared<Options>();
    command.callback(
        [&line, options, what] { line.chosen = [&line, options, what] { return what(line.where, *options); }; });
    return options;
}

struct none {};

void add_serve(command_line& line) {
    CLI::App& command = *line.app.add_subcommand("serve", "runs in the foreground until SIGTERM or Ctrl-C");
    add_configuration(command, line.where);
    const auto verbose = when_chosen<bool>(command, line, &serve);
    command.add_flag("-v,--verbose", *verbose, "logs debug lines too");
}

void add_check(command_line& line) {
    CLI::App& command =
        *line.app.add_subcommand("check", "loads everything that serve would load, and says what is wrong");
    add_configuration(command, line.where);
    when_chosen<none>(command, line, [](const configuration& where, none) { return check(where); });
}

void add_config(command_line& line) {
    CLI::App& command = *line.app.add_subcommand("config", "prints the effective configuration, secrets masked");
    add_configuration(command, line.where);
    when_chosen<none>(command, line, [](const configuration& where, none) { return print_config(where); });
}

void add_explain(command_line& line) {
    CLI::App& command = *line.app.add_subcommand("explain", "says what would become of a mail, without sending it");
    add_configuration(command, line.where);
    const auto asked = when_chosen<question>(command, line, &explain);
    command.add_option("--from-ip", asked->from_ip, "the client's address (default: a program on this machine)");
    command.add_option("--auth", asked->user, "the user as whom the client is authenticated");
    command.add_option("--helo", asked->helo, "the name that the client gives with EHLO");
    command.add_flag_callback("--tls", [asked] { asked->tls = true; }, "the session is under TLS");
    command.add_flag_callback("--no-tls", [asked] { asked->tls = false; }, "the session is in clear text");
    command.add_option("--listener", asked->listener,
                       "the listener to which it comes: ADDRESS:PORT, PORT or socket (default: the one that fits)");
    command.add_option("--tag", asked->tag, "the tag of that listener");
    command.add_option("FROM", asked->sender, "the reverse-path; <> for none")->required();
    command.add_option("TO", asked->recipient, "the recipient")->required();
}

void add_dns(command_line& line) {
    CLI::App& dns = *line.app.add_subcommand("dns", "asks the DNS as the daemon does");
    dns.require_subcommand(1);
    CLI::App& command = *dns.add_subcommand("mx", "the hosts that take mail for a domain, and how long each took");
    add_configuration(command, line.where);
    const auto asked = when_chosen<mx_question>(command, line, &dns_mx);
    command.add_option("--resolver", asked->resolver,
                       "the DNS server, ADDR or ADDR:PORT; it beats the configuration's");
    command.add_flag("--json", asked->json, "prints JSON");
    command.add_option("DOMAIN", asked->domain, "the domain, or an address literal")->required();
}

void add_lookup(command_line& line) {
    CLI::App& command = *line.app.add_subcommand("lookup", "looks into a table, as the daemon would do it");
    add_configuration(command, line.where);
    const auto words = when_chosen<std::vector<std::string>>(command, line, &lookup);
    command.add_option("WORDS", *words, "TABLE SERVICE KEY, or fetch TABLE SERVICE for the next in turn")
        ->required()
        ->expected(3);
}

void add_show(command_line& line) {
    struct wish {
        std::string subject;
        bool as_json = false;
    };
    CLI::App& command = *line.app.add_subcommand("show", "what the running daemon is doing");
    add_configuration(command, line.where);
    const auto asked = when_chosen<wish>(command, line, [](const configuration& where, const wish& wish) {
        return show(where, wish.subject, wish.as_json);
    });
    command.add_option("WHAT", asked->subject, "routes, relays or hosts")
        ->required()
        ->check(CLI::IsMember({"routes", "relays", "hosts"}));
    command.add_flag("--json", asked->as_json, "prints JSON");
}

void add_resume(command_line& line) {
    CLI::App& resume = *line.app.add_subcommand("resume", "ends a pause");
    resume.require_subcommand(1);
    CLI::App& command = *resume.add_subcommand("route", "a route that rests after failures is tried again");
    add_configuration(command, line.where);
    const auto id = when_chosen<std::uint64_t>(command, line, &resume_route);
    command.add_option("ID", *id, "as `show routes` has it")->required();
}

void add_update(command_line& line) {
    CLI::App& update = *line.app.add_subcommand("update", "reads something anew");
    update.require_subcommand(1);
    CLI::App& command = *update.add_subcommand("table", "a table, from its file or database");
    add_configuration(command, line.where);
    const auto name = when_chosen<std::string>(command, line, &update_table);
    command.add_option("NAME", *name, "as the configuration names it")->required();
}

void add_encrypt(command_line& line) {
    CLI::App& command = *line.app.add_subcommand("encrypt", "a crypt(3) hash for an `auth` table");
    const auto given = when_chosen<std::string>(command, line, [](const configuration&, const std::string& password) {
        return encrypt(password.empty() ? std::nullopt : std::optional(password));
    });
    command.add_option("PASSWORD", *given, "read from standard input if it is not given");
}

/// For the help alone: run() never brings its arguments here.
void add_sendmail(command_line& line) {
    line.app.add_subcommand("sendmail", "takes a message from standard input, as sendmail(8)");
}

int run_subcommand(int argc, char** argv) {
    command_line line;
    line.app.set_version_flag("-V,--version", "waypost " WAYPOST_VERSION);
    line.app.require_subcommand(1);
    for (const auto add : {add_serve, add_check, add_config, add_explain, add_dns, add_lookup, add_show, add_resume,
                           add_update, add_encrypt, add_sendmail}) {
        add(line);
    }
    try {
        line.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return line.app.exit(error) == EXIT_SUCCESS ? EX_OK : EX_USAGE;
    }
    return line.chosen ? line.chosen() : EX_USAGE;
}

/// `delivery-worker UID GID`: for the daemon alone, which starts it with a socket as standard input.
int run_delivery_worker(const std::vector<std::string>& arguments) {
    unsigned id[2]{};
    for (std::size_t i = 0; i < 2; ++i) {
        const std::string text = arguments.size() == 3 ? arguments[i + 1] : "";
        const char* end = text.data() + text.size();
        if (std::from_chars(text.data(), end, id[i]).ptr != end || text.empty()) return EX_USAGE;
    }
    return delivery_worker::run_worker(id[0], id[1]);
}

}  // namespace

int run(int argc, char** argv) {
    const std::string name = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "waypost";
    std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    if (name == "sendmail" || name == "send-mail") return sendmail(arguments);
    if (name == "newaliases") return newaliases();
    if (name == "mailq") return sendmail({"-bp"});
    if (!arguments.empty() && arguments.front() == "sendmail") {
        arguments.erase(arguments.begin());
        return sendmail(arguments);
    }
    if (!arguments.empty() && arguments.front() == "delivery-worker") return run_delivery_worker(arguments);
    return run_subcommand(argc, argv);
}

}  // namespace waypost::cli
