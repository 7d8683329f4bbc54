// Commands (RFC 5321 section 4.1.1) as the server understands them: a verb and its argument, and the parameters of MAIL
// and RCPT (RFC 1870, 6152, 3461). Parsing is strict where leniency has been an attack, and lenient where clients in
// use need it: a blank after "FROM:", a missing pair of angle brackets, verbs in any case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "waypost/mail/envelope.hpp"
#include "waypost/mail/status.hpp"

namespace waypost::smtp {

enum class verb { helo, ehlo, mail, rcpt, data, rset, noop, vrfy, expn, help, quit, starttls, auth, unknown };

struct command {
    smtp::verb verb = verb::unknown;
    std::string_view name;  // as written
    std::string_view argument;  // without surrounding blanks
};
[[nodiscard]] command parse_command(std::string_view line);

/// What MAIL or RCPT gave, or the reply that refuses it: 501 syntax, 555 unknown parameter, 553 address.
[[nodiscard]] std::variant<mail::sender, mail::status> parse_mail(std::string_view argument, bool dsn,
                                                                  const mail::domain& local_host);
[[nodiscard]] std::variant<mail::recipient, mail::status> parse_rcpt(std::string_view argument, bool dsn,
                                                                     const mail::domain& local_host);

}  // namespace waypost::smtp
