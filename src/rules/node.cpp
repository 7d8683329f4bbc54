#include "node.hpp"

#include <algorithm>
#include <utility>

#include "waypost/base/ascii.hpp"

namespace waypost::rules {

namespace {

std::string without_quotes(std::string_view text) {
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
    std::string inside;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        if (text[i] == '\\' && i + 2 < text.size()) ++i;
        inside.push_back(text[i]);
    }
    return inside;
}

///     error = "error:" *blank ( "4" / "5" ) 2DIGIT blank text
node parse_error(std::string_view text) {
    text = base::trim(text);
    const bool is_code = text.size() > 4 && (text[0] == '4' || text[0] == '5') && base::is_digit(text[1]) &&
                         base::is_digit(text[2]) && base::is_blank(text[3]);
    if (!is_code) return unreadable_node{};
    const int code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    text = base::trim(text.substr(3));
    auto enhanced = mail::enhanced_code::parse(text);
    // An enhanced code of another class than the reply would say two things at once (RFC 3463 section 2).
    if (enhanced.klass != code / 100) enhanced = {.klass = code / 100, .subject = 0, .detail = 0};
    return error_node{mail::status(code, enhanced, base::trim(text))};
}

}  // namespace

bool is_user_name(std::string_view text) {
    if (text.empty() || text.size() > 255 || text.front() == '-' || text.front() == '.') return false;
    return std::ranges::none_of(text, [](char c) { return base::is_control(c) || c == '/' || c == ' ' || c == '"'; });
}

std::vector<std::string> split_nodes(std::string_view row) {
    std::vector<std::string> found;
    const auto take = [&found](std::string_view text) {
        if (text = base::trim(text); !text.empty()) found.emplace_back(text);
    };
    std::size_t begin = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (row[i] == '\\') {
            ++i;
        } else if (row[i] == '"') {
            quoted = !quoted;
        } else if (row[i] == ',' && !quoted) {
            take(row.substr(begin, i - begin));
            begin = i + 1;
        }
    }
    take(row.substr(begin));
    return found;
}

node parse_node(std::string_view quoted) {
    const std::string text = without_quotes(quoted);
    if (base::istarts_with(text, "error:")) return parse_error(std::string_view(text).substr(6));
    if (base::istarts_with(text, ":include:") || text.starts_with('|') || text.starts_with('/'))
        return unsupported_node{};
    if (text.find('@') != std::string::npos) {
        auto to = mail::mailbox::parse(text);
        if (!to) return unreadable_node{};
        return address_node{std::move(*to)};
    }
    if (is_user_name(text)) return user_node{text};
    return unreadable_node{};
}

}  // namespace waypost::rules
