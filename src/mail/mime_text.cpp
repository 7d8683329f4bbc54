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

void append_lines(std::string& out, std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        out += line;
        out += crlf;
    }
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
