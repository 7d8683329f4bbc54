#include "node.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "waypost/base/ascii.hpp"

namespace waypost::rules {

namespace {

constexpr std::size_t longest_node = 4096;  // PATH_MAX; no address and no command that a person writes is as long

std::string without_quotes(std::string_view text) {
    std::string inside;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        if (text[i] == '\\' && i + 2 < text.size()) ++i;
        inside.push_back(text[i]);
    }
    return inside;
}

/// Inside quotes a backslash is the address's own (RFC 5321 section 4.1.2).
std::string without_backslashes(std::string_view text) {
    std::string plain;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') quoted = !quoted;
        const bool escapes = text[i] == '\\' && i + 1 < text.size();
        if (escapes && quoted) plain.push_back(text[i]);
        if (escapes) ++i;
        plain.push_back(text[i]);
    }
    return plain;
}

std::string meant_by(std::string_view text) {
    if (text.size() > 1 && text.front() == '"' && text.back() == '"') return without_quotes(text);
    if (text.starts_with('|')) return std::string(text);
    return without_backslashes(text);
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

node parse_command(std::string_view text) {
    text = base::trim(text);
    if (text.empty() || std::ranges::any_of(text, [](char c) { return base::is_control(c) && c != '\t'; })) {
        return unreadable_node{};
    }
    return target_node{"|" + std::string(text)};
}

bool is_path(std::string_view text) {
    return text.size() > 1 && text.front() == '/' && std::ranges::none_of(text, base::is_control);
}

}  // namespace

std::optional<std::string_view> node_texts::next() {
    while (!rest_.empty()) {
        if (skip_comment()) continue;
        if (const std::string_view text = base::trim(cut()); !text.empty()) return text;
    }
    return std::nullopt;
}

/// Takes what stands before the next separator.
std::string_view node_texts::cut() {
    const auto ends_line = [this](std::size_t position) { return kind_ == kind::file && rest_[position] == '\n'; };
    bool quoted = false;
    std::size_t end = 0;
    for (; end < rest_.size() && !ends_line(end) && (rest_[end] != ',' || quoted); ++end) {
        if (rest_[end] == '"') quoted = !quoted;
        if (rest_[end] == '\\' && end + 1 < rest_.size() && !ends_line(end + 1)) ++end;
    }
    at_line_begin_ = end < rest_.size() && ends_line(end);
    std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (kind_ == kind::file && text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

bool node_texts::skip_comment() {
    if (kind_ != kind::file || !at_line_begin_ || !base::trim(rest_.substr(0, rest_.find('\n'))).starts_with('#')) {
        return false;
    }
    rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size() - 1) + 1);
    return true;
}

bool is_user_name(std::string_view text) {
    if (text.empty() || text.size() > 255 || text.front() == '-' || text.front() == '.') return false;
    return std::ranges::none_of(text, [](char c) { return base::is_control(c) || c == '/' || c == ' ' || c == '"'; });
}

node parse_node(std::string_view written) {
    if (written.size() > longest_node) return unreadable_node{};
    const std::string meant = meant_by(written);
    const std::string_view text = meant;
    constexpr std::string_view error = "error:";
    constexpr std::string_view include = ":include:";
    if (base::istarts_with(text, error)) return parse_error(text.substr(error.size()));
    if (base::istarts_with(text, include)) {
        const std::string_view path = base::trim(text.substr(include.size()));
        return is_path(path) ? node(list_node{std::string(path)}) : node(unreadable_node{});
    }
    if (text.starts_with('|')) return parse_command(text.substr(1));
    if (text.starts_with('/')) return is_path(text) ? node(target_node{meant}) : node(unreadable_node{});
    if (text.find('@') != std::string_view::npos) {
        auto to = mail::mailbox::parse(text);
        if (!to) return unreadable_node{};
        return address_node{std::move(*to)};
    }
    if (is_user_name(text)) return user_node{meant};
    return unreadable_node{};
}

}  // namespace waypost::rules
