// Text with format specifiers, as paths of maildirs and arguments of commands have them:
//
//     %{sender} %{rcpt} %{dest}, each also with .user and .domain;  %{user.username} %{user.directory}
//     %{mbox.from};  %{dest.user[0:1]} a part, negative from the end;  %{dest.user:lowercase|strip} modifiers
//
// Parsed once, at load; an unknown specifier is an error there. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "waypost/base/result.hpp"
#include "waypost/mail/mailbox.hpp"

namespace waypost::delivery {

/// What the specifiers stand for in one delivery.
struct format_values {
    mail::reverse_path sender;
    mail::mailbox rcpt;  // as the client gave it
    mail::mailbox dest;  // after expansion
    std::string username;
    std::string directory;  // his home
    char tag_delimiter = '+';
};

struct format_fault {
    std::size_t at = 0;  // octet of the text
    std::string what;
    std::string instead;
};

class format {
public:
    [[nodiscard]] static std::variant<format, format_fault> parse(std::string_view text);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// Without any specifier.
    [[nodiscard]] bool is_literal() const noexcept;
    /// For an argument of a command. Fails where the result is too long.
    [[nodiscard]] base::result<std::string> expand(const format_values& values) const;
    /// For a path: no value leads out of the directory that the text means, whatever its octets.
    [[nodiscard]] base::result<std::string> expand_path(const format_values& values) const;

private:
    std::string text_;
};

}  // namespace waypost::delivery
