// The options of sendmail(8), as programs have used them for thirty years. Pure. docs/sendmail.md has the whole list.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace waypost::cli {

enum class sendmail_mode {
    submit,      // a message on standard input: -bm, and by default
    speak_smtp,  // commands on standard input: -bs
    aliases      // newaliases(1): -bi, -I
};

struct sendmail_options {
    sendmail_mode mode = sendmail_mode::submit;
    std::string sender;              // -f, -r: an address as written, "<>"; empty: the user who runs it
    std::string full_name;                // -F
    bool recipients_from_header = false;  // -t
    bool dot_is_text = false;             // -i, -oi, -O IgnoreDots: a line of one dot does not end the message
    std::string notify;                   // -N
    std::string ret;                      // -R
    std::string envelope_id;              // -V
    std::vector<std::string> recipients;  // each an address list
};

/// What is wrong, and the exit code that says so to a program.
struct sendmail_fault {
    int exit_code = 0;
    std::string text;
};

[[nodiscard]] std::variant<sendmail_options, sendmail_fault> parse_sendmail_options(
    const std::vector<std::string>& arguments);

}  // namespace waypost::cli
