#include "waypost/cli/run.hpp"

#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>

#include "commands.hpp"

namespace waypost::cli {

namespace {

void add_configuration(CLI::App& command, configuration& where) {
    command.add_option("-f,--file", where.file,
                       "the configuration (default: $WAYPOST_CONFIG or /etc/waypost/smtpd.conf)");
    command.add_option("-D,--define", where.defines, "a macro, name=value; it beats the file's")
        ->allow_extra_args(false);
}

int run_subcommand(int argc, char** argv) {
    CLI::App app("waypost, a mail transfer agent", "waypost");
    app.set_version_flag("-V,--version", "waypost " WAYPOST_VERSION);
    app.require_subcommand(1);

    configuration where;
    bool verbose = false;
    question asked;
    mx_question mx;
    std::vector<std::string> words;
    bool as_json = false;
    std::uint64_t route_id = 0;
    std::string table_name;
    std::string password;

    CLI::App* serving = app.add_subcommand("serve", "runs in the foreground until SIGTERM or Ctrl-C");
    add_configuration(*serving, where);
    serving->add_flag("-v,--verbose", verbose, "logs debug lines too");

    CLI::App* checking = app.add_subcommand("check", "loads everything that serve would load, and says what is wrong");
    add_configuration(*checking, where);

    CLI::App* printing = app.add_subcommand("config", "prints the effective configuration, secrets masked");
    add_configuration(*printing, where);

    CLI::App* explaining = app.add_subcommand("explain", "says what would become of a mail, without sending it");
    add_configuration(*explaining, where);
    explaining->add_option("--from-ip", asked.from_ip, "the client's address (default: a program on this machine)");
    explaining->add_option("--auth", asked.user, "the user as whom the client is authenticated");
    explaining->add_option("FROM", asked.from, "the reverse-path; <> for none")->required();
    explaining->add_option("TO", asked.to, "the recipient")->required();

    CLI::App* asking = app.add_subcommand("dns", "asks the DNS as the daemon does");
    asking->require_subcommand(1);
    CLI::App* asking_mx = asking->add_subcommand("mx", "the hosts that take mail for a domain, and how long each took");
    add_configuration(*asking_mx, where);
    asking_mx->add_option("--resolver", mx.resolver, "the DNS server, ADDR or ADDR:PORT; it beats the configuration's");
    asking_mx->add_flag("--json", mx.json, "prints JSON");
    asking_mx->add_option("DOMAIN", mx.domain, "the domain, or an address literal")->required();
    CLI::App* looking = app.add_subcommand("lookup", "looks into a table, as the daemon would do it");
    add_configuration(*looking, where);
    looking->add_option("WORDS", words, "TABLE SERVICE KEY, or fetch TABLE SERVICE for the next in turn")
        ->required()
        ->expected(3);

    CLI::App* showing = app.add_subcommand("show", "what the running daemon is doing");
    add_configuration(*showing, where);
    std::string shown;
    showing->add_option("WHAT", shown, "routes, relays or hosts")
        ->required()
        ->check(CLI::IsMember({"routes", "relays", "hosts"}));
    showing->add_flag("--json", as_json, "prints JSON");

    CLI::App* resuming = app.add_subcommand("resume", "ends a pause");
    resuming->require_subcommand(1);
    CLI::App* resuming_route = resuming->add_subcommand("route", "a route that rests after failures is tried again");
    add_configuration(*resuming_route, where);
    resuming_route->add_option("ID", route_id, "as `show routes` has it")->required();

    CLI::App* updating = app.add_subcommand("update", "reads something anew");
    updating->require_subcommand(1);
    CLI::App* updating_table = updating->add_subcommand("table", "a table, from its file or database");
    add_configuration(*updating_table, where);
    updating_table->add_option("NAME", table_name, "as the configuration names it")->required();

    CLI::App* encrypting = app.add_subcommand("encrypt", "a crypt(3) hash for an `auth` table");
    encrypting->add_option("PASSWORD", password, "read from standard input if it is not given");

    CLI::App* sending = app.add_subcommand("sendmail", "takes a message from standard input, as sendmail(8)");
    sending->prefix_command();

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == EXIT_SUCCESS ? EX_OK : EX_USAGE;
    }
    if (serving->parsed()) return serve(where, verbose);
    if (checking->parsed()) return check(where);
    if (printing->parsed()) return print_config(where);
    if (explaining->parsed()) return explain(where, asked);
    if (asking_mx->parsed()) return dns_mx(where, mx);
    if (showing->parsed()) return show(where, shown, as_json);
    if (resuming_route->parsed()) return resume_route(where, route_id);
    if (updating_table->parsed()) return update_table(where, table_name);
    if (looking->parsed()) return lookup(where, words);
    return encrypt(password.empty() ? std::nullopt : std::optional(password));
}

}  // namespace

int run(int argc, char** argv) {
    const std::string name = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "waypost";
    std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    if (name == "sendmail" || name == "send-mail") return sendmail(arguments);
    if (!arguments.empty() && arguments.front() == "sendmail") {
        arguments.erase(arguments.begin());
        return sendmail(arguments);
    }
    return run_subcommand(argc, argv);
}

}  // namespace waypost::cli
