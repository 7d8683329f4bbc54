// The header section of a message (RFC 5322 section 2.2), as text: for sendmail -t.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace waypost::mail {

struct header_field {
    std::string_view name;   // without colon
    std::string_view value;  // what follows the colon, folded as it stands, without the last line end
    std::string_view whole;  // the field with its line end
};

/// A line that mailboxes put in front of a message, perhaps quoted ("From ", ">From "); where it is no field ("From
/// :").
[[nodiscard]] bool is_mbox_line(std::string_view line) noexcept;

/// The fields in order, and where the body begins. A line that is no field ends the section; leading mbox lines are
/// passed over. Accepts LF and CRLF line ends.
struct header_section {
    std::vector<header_field> fields;
    std::string_view body;  // after the empty line, if any
    bool has_separator = false;
};
[[nodiscard]] header_section parse_header(std::string_view message);

/// The addresses of an address list (RFC 5322 section 3.4, groups and comments too), without display names. A bare
/// local-part
/// ("To: root") is an address too, and the caller's to complete. What is no address is left out and named in `bad`, fit
/// to be shown.
struct address_list {
    std::vector<std::string> addresses;
    std::vector<std::string> bad;
};
[[nodiscard]] address_list parse_address_list(std::string_view value);

}  // namespace waypost::mail
