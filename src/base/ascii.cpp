#include "waypost/base/ascii.hpp"

#include <algorithm>

namespace waypost::base {

std::string to_lower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = to_lower(c);
    return lower;
}

bool iequals(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

bool istarts_with(std::string_view text, std::string_view prefix) noexcept {
    return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::string printable(std::string_view bytes, std::size_t limit) {
    constexpr std::string_view ellipsis = "...";
    constexpr char digits[] = "0123456789abcdef";
    std::string shown;
    shown.reserve(std::min(bytes.size(), limit));
    std::size_t room_for_ellipsis = 0;  // where the text can be cut, between two escapes, so that it still fits
    for (const char c : bytes) {
        if (shown.size() + ellipsis.size() <= limit) room_for_ellipsis = shown.size();
        const auto byte = static_cast<unsigned char>(c);
        if (is_control(c) || c == '\\' || byte >= 0x80) {
            shown += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
        } else {
            shown += c;
        }
        if (shown.size() > limit) {
            shown.resize(room_for_ellipsis);
            shown += ellipsis.substr(0, limit);
            break;
        }
    }
    return shown;
}

}  // namespace waypost::base
