#include <pwd.h>
#include <sysexits.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <iterator>

#include "commands.hpp"
#include "daemon_socket.hpp"
#include "sendmail_message.hpp"
#include "sendmail_options.hpp"
#include "smtp_on_standard_input.hpp"
#include "submission_client.hpp"

namespace waypost::cli {

namespace {

/// The user's full name: $NAME, or as the password database has it, up to the first comma.
std::string full_name_of(const passwd* user) {
    if (const char* name = std::getenv("NAME"); name != nullptr && *name != '\0') return name;
    if (user == nullptr || user->pw_gecos == nullptr) return {};
    const std::string gecos = user->pw_gecos;
    return gecos.substr(0, gecos.find(','));
}

caller this_user() {
    const passwd* user = ::getpwuid(::getuid());
    return {.user = user != nullptr ? user->pw_name : std::to_string(::getuid()), .full_name = full_name_of(user)};
}

int complain(int exit_code, const std::string& text) {
    std::cerr << "sendmail: " << text << '\n';
    return exit_code;
}

/// As sysexits.h has it: what programs can tell apart is whose fault it was.
int exit_code(const mail::status& answer) {
    if (answer.is_success()) return EX_OK;
    if (answer.is_transient()) return complain(EX_TEMPFAIL, answer.line());
    const mail::enhanced_code reason = answer.enhanced();
    const bool is_too_big = answer.code() == 552 || (reason.subject == 3 && reason.detail == 4);
    const bool is_bad_content = reason.subject == 6;
    int code = EX_UNAVAILABLE;
    if (is_too_big || is_bad_content) code = EX_DATAERR;
    if (reason.subject == 1) code = reason.detail == 2 || reason.detail == 10 ? EX_NOHOST : EX_NOUSER;
    if (reason.subject == 7) code = EX_NOPERM;
    return complain(code, answer.line());
}

int submit_standard_input(const sendmail_options& options) {
    const std::string message{std::istreambuf_iterator<char>(std::cin), {}};
    auto made = make_draft(options, message, this_user());
    if (const auto* wrong = std::get_if<sendmail_fault>(&made)) return complain(wrong->exit_code, wrong->text);
    auto daemon = connect_to_daemon(socket_places());
    if (const auto* none = std::get_if<std::string>(&daemon)) return complain(EX_TEMPFAIL, *none);
    return exit_code(submit(std::move(std::get<process::descriptor>(daemon)), std::move(std::get<draft>(made))));
}

int speak_smtp() {
    auto daemon = connect_to_daemon(socket_places());
    if (const auto* none = std::get_if<std::string>(&daemon)) {
        std::cout << "421 4.3.2 No daemon is running\r\n" << std::flush;
        return complain(EX_TEMPFAIL, *none);
    }
    return pass_smtp_on(std::move(std::get<process::descriptor>(daemon)));
}

}  // namespace

int newaliases() {
    std::cout << "newaliases: nothing to do: tables of aliases are read again when their files change\n";
    return EX_OK;
}

int sendmail(const std::vector<std::string>& arguments) {
    const auto parsed = parse_sendmail_options(arguments);
    if (const auto* wrong = std::get_if<sendmail_fault>(&parsed)) return complain(wrong->exit_code, wrong->text);
    const auto& options = std::get<sendmail_options>(parsed);
    std::signal(SIGPIPE, SIG_IGN);
    try {
        switch (options.mode) {
            case sendmail_mode::aliases: return newaliases();
            case sendmail_mode::speak_smtp: return speak_smtp();
            case sendmail_mode::submit: break;
        }
        return submit_standard_input(options);
    } catch (const std::exception& error) {
        return complain(EX_TEMPFAIL, error.what());
    }
}

}  // namespace waypost::cli
