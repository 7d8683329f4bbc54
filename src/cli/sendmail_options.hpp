// The options of sendmail(8) that programs use, and the message made fit for submission. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "waypost/daemon/submit.hpp"

namespace waypost::cli {

struct sendmail_options {
    std::string from;         // -f, -r; empty: the user who runs it
    std::string full_name;    // -F
    bool recipients_from_header = false;  // -t
    bool dot_is_text = false;             // -i, -oi: a line of one dot does not end the message
    bool only_aliases = false;            // -bi, -I: as newaliases(1); no message is read
    std::string notify;       // -N
    std::string ret;          // -R
    std::string envelope_id;  // -V
    std::vector<std::string> recipients;
};

/// A text says what is wrong with the arguments.
[[nodiscard]] std::variant<sendmail_options, std::string> parse_sendmail_options(
    const std::vector<std::string>& arguments);

/// Who runs it, and where.
struct identity {
    std::string user;
    std::string full_name;
    mail::domain host;
    std::chrono::system_clock::time_point now;
    std::string unique;  // for a Message-ID
};

/// The message with CRLF line ends and with From, Date and Message-ID where it had none; with -t without Bcc, and its
/// recipients from To, Cc and Bcc beside those of the command line. A text says what is wrong.
[[nodiscard]] std::variant<daemon::submission, std::string> make_submission(const sendmail_options& options,
                                                                            std::string_view message,
                                                                            const identity& who);

}  // namespace waypost::cli
