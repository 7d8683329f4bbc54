// Text as mail protocols mean it: bytes, of which only the ASCII letters have a case. Never the locale's idea of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace waypost::base {

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
[[nodiscard]] constexpr bool is_alnum(char c) noexcept { return is_digit(c) || is_alpha(c); }
[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
/// C0 controls and DEL; bytes from 0x80 on are not controls here.
[[nodiscard]] constexpr bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
[[nodiscard]] constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] constexpr char to_upper(char c) noexcept {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] bool iequals(std::string_view a, std::string_view b) noexcept;
[[nodiscard]] bool istarts_with(std::string_view text, std::string_view prefix) noexcept;
/// Without blanks (space, tab) at either end.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
/// The parts between separators; "a,,b" has three, "" has one empty one.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

/// Bytes from outside made fit for one line of a log, an error or a terminal: controls, DEL, backslash and bytes that
/// are not ASCII become \xNN, and what is longer than `limit` ends in "...".
[[nodiscard]] std::string printable(std::string_view bytes, std::size_t limit = 512);

}  // namespace waypost::base
