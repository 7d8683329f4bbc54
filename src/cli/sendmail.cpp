#include <pwd.h>
#include <sysexits.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <iterator>
#include <random>

#include "commands.hpp"
#include "sendmail_options.hpp"
#include "submission_client.hpp"
#include "waypost/base/encoding.hpp"

namespace waypost::cli {

namespace {

/// The user's full name as the password database has it: up to the first comma.
std::string full_name_of(const passwd* user) {
    if (user == nullptr || user->pw_gecos == nullptr) return {};
    const std::string gecos = user->pw_gecos;
    return gecos.substr(0, gecos.find(','));
}

identity who_runs_it(const config::model& settings) {
    char name[256] = "localhost";
    if (::gethostname(name, sizeof name - 1) != 0) name[0] = '\0';
    const std::string wanted = settings.hostname ? settings.hostname->text : name;
    auto host = mail::domain::parse(wanted);
    if (!host) host = mail::domain::parse("localhost");
    const passwd* user = ::getpwuid(::getuid());
    std::random_device random;
    const std::uint64_t unique = (std::uint64_t{random()} << 32U) | random();
    return {.user = user != nullptr ? user->pw_name : std::to_string(::getuid()),
            .full_name = full_name_of(user),
            .host = *host,
            .now = std::chrono::system_clock::now(),
            .unique = base::hex(unique)};
}

int exit_code(const mail::status& said) {
    if (said.is_success()) return EX_OK;
    std::cerr << "sendmail: " << said.line() << '\n';
    if (said.is_transient()) return EX_TEMPFAIL;
    return said.code() == 552 ? EX_DATAERR : EX_NOUSER;
}

int submit_without_daemon(const configuration& from, daemon::submission what) {
    async::workers io(1);
    const auto settings = load_or_complain(from, io, false);
    if (!settings) return EX_CONFIG;
    return exit_code(daemon::submit(io, *settings, std::move(what)));
}

}  // namespace

int newaliases() {
    std::cout << "newaliases: nothing to do: tables of aliases are read again when their files change\n";
    return EX_OK;
}

int sendmail(const std::vector<std::string>& arguments) {
    const auto options = parse_sendmail_options(arguments);
    if (const auto* wrong = std::get_if<std::string>(&options)) {
        std::cerr << "sendmail: " << *wrong << '\n';
        return EX_USAGE;
    }
    if (std::get<sendmail_options>(options).only_aliases) return newaliases();
    // Only to know where the daemon's socket is; a daemon that runs has had its configuration checked.
    const configuration from;
    const config::parsed parsed = config::parse_file(from.path(), from.macros());
    const std::string message{std::istreambuf_iterator<char>(std::cin), {}};
    auto made = make_submission(std::get<sendmail_options>(options), message, who_runs_it(parsed.what));
    if (const auto* wrong = std::get_if<std::string>(&made)) {
        std::cerr << "sendmail: " << *wrong << '\n';
        return EX_USAGE;
    }
    std::signal(SIGPIPE, SIG_IGN);
    auto& submission = std::get<daemon::submission>(made);
    try {
        const auto said = submit_to_daemon(parsed.what.queue_path.text + "/smtp.sock", submission);
        return said ? exit_code(*said) : submit_without_daemon(from, std::move(submission));
    } catch (const std::exception& error) {
        std::cerr << "sendmail: " << error.what() << '\n';
        return EX_TEMPFAIL;
    }
}

}  // namespace waypost::cli
