#include "mime_text.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"

namespace waypost::mail {

void append_folded(std::string& out, std::string_view first, std::string_view indent, std::string_view text) {
    constexpr std::size_t width = 76;
    out += first;
    std::size_t column = first.size();
    text = base::trim(text);
    while (column + text.size() > width) {
        const std::size_t room = width > column ? width - column : 0;
        std::size_t end = text.rfind(' ', room);
        if (end == std::string_view::npos) end = text.find(' ', room);
        end = std::min({end, text.size(), longest_word});
        const std::string_view rest = base::trim(text.substr(end));
        if (rest.empty()) break;
        out += base::trim(text.substr(0, end));
        out += crlf;
        out += indent;
        column = indent.size();
        text = rest;
    }
    out += text;
    out += crlf;
}

namespace {

/// The next line without its end, which is an LF or a CRLF.
std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

void append_quoted_line(std::string& out, std::string_view line) {
    constexpr std::size_t width = 75;  // and one for the "=" of a soft line break
    constexpr char digits[] = "0123456789ABCDEF";
    std::size_t column = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        const bool ends_line = i + 1 == line.size();
        const bool is_plain = base::is_blank(c) ? !ends_line : is_printable(c) && c != '=';
        const std::size_t length = is_plain ? 1 : 3;
        if (column + length > width) {
            out += "=\r\n";
            column = 0;
        }
        column += length;
        const auto byte = static_cast<unsigned char>(c);
        if (is_plain)
            out += c;
        else
            out += {'=', digits[byte >> 4], digits[byte & 15]};
    }
    out += crlf;
}

}  // namespace

void append_lines(std::string& out, std::string_view text) {
    while (!text.empty()) {
        out += take_line(text);
        out += crlf;
    }
}

bool is_seven_bit_text(std::string_view text) {
    constexpr std::size_t longest_line = 998;
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        if (line.size() > longest_line) return false;
        // Other control octets, as a form feed, are allowed in mail (RFC 5322 section 4.1: to be accepted).
        const auto is_seven_bit = [](char c) { return c != '\0' && c != '\r' && static_cast<unsigned char>(c) < 0x80; };
        if (!std::ranges::all_of(line, is_seven_bit)) return false;
    }
    return true;
}

void append_quoted_printable(std::string& out, std::string_view text) {
    while (!text.empty()) append_quoted_line(out, take_line(text));
}

std::string choose_boundary(std::string_view message_id, std::string_view content) {
    constexpr unsigned digits = 8;
    std::string stem = "waypost-";
    for (const char c : message_id.substr(0, 40)) stem += base::is_alnum(c) ? c : '.';
    stem += '-';

    std::vector<std::uint64_t> taken;
    for (std::size_t at = content.find(stem); at != std::string_view::npos; at = content.find(stem, at + 1)) {
        if (const auto number = base::from_hex(content.substr(std::min(at + stem.size(), content.size()), digits)))
            taken.push_back(*number);
    }
    std::sort(taken.begin(), taken.end());
    std::uint64_t free = 0;
    for (const std::uint64_t number : taken) {
        if (number == free) ++free;
    }
    return stem + base::hex(free, digits);
}

}  // namespace waypost::mail
