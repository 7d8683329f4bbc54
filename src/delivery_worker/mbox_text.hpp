// Text as an mbox has it (RFC 4155, of the kind called mboxrd). Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace waypost::delivery_worker {

/// "From bob@example.net Mon Nov 23 02:24:07 2026\n", local time. A sender that could not be one word is made one.
[[nodiscard]] std::string separator_line(std::string_view sender, std::chrono::system_clock::time_point time);

/// Puts another '>' in front of each line that begins with any number of '>' and "From ", so that no line of a mail
/// passes for a separator and a reader can undo it. Lines may be cut anywhere into pieces.
class from_quoting {
public:
    [[nodiscard]] std::string quote(std::string_view piece);
    /// What was held back; then the line's end if that is missing, and the empty line that ends a message.
    [[nodiscard]] std::string finish();

private:
    std::size_t matched_ = 0;  // octets of "From " that the line has so far, held back
    bool may_match_ = true;    // the line has nothing but '>' and these
    bool in_line_ = false;
};

}  // namespace waypost::delivery_worker
