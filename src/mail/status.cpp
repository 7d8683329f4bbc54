#include "waypost/mail/status.hpp"

#include <algorithm>
#include <charconv>

#include "waypost/base/ascii.hpp"

namespace waypost::mail {
namespace {

// A text is one line of a reply, a log and a queue row. A server may say 512 octets a line (RFC 5321 section 4.5.3.1.5)
// and more lines than one; beyond this it has nothing to say that anyone would read.
constexpr std::size_t max_text = 1000;

constexpr bool is_reply_code(int code) noexcept { return code >= 200 && code <= 599; }

void append_number(std::string& text, int number) {
    char digits[12];
    text.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

/// Moves past 1 to `most` digits.
bool parse_digits(std::string_view& text, std::size_t most, int& number) noexcept {
    std::size_t length = 0;
    number = 0;
    for (; length < std::min(most, text.size()) && base::is_digit(text[length]); ++length) {
        number = number * 10 + (text[length] - '0');
    }
    text.remove_prefix(length);
    return length > 0;
}

bool parse_dot(std::string_view& text) noexcept {
    if (!text.starts_with('.')) return false;
    text.remove_prefix(1);
    return true;
}

std::string one_line(std::string_view text) {
    constexpr std::string_view ellipsis = "...";
    std::string line(text.substr(0, max_text));
    if (text.size() > max_text) line.replace(max_text - ellipsis.size(), ellipsis.size(), ellipsis);
    for (char& c : line) {
        if (base::is_control(c)) c = ' ';
    }
    return line;
}

}  // namespace

std::string enhanced_code::text() const {
    std::string text;
    if (klass == 0) return text;
    append_number(text, klass);
    text += '.';
    append_number(text, subject);
    text += '.';
    append_number(text, detail);
    return text;
}

enhanced_code enhanced_code::parse(std::string_view& text) {
    std::string_view rest = text;
    enhanced_code code;
    const bool there = parse_digits(rest, 1, code.klass) && (code.klass == 2 || code.klass == 4 || code.klass == 5) &&
                       parse_dot(rest) && parse_digits(rest, 3, code.subject) && parse_dot(rest) &&
                       parse_digits(rest, 3, code.detail) && (rest.empty() || base::is_blank(rest.front()));
    if (!there) return {};
    text = rest;
    return code;
}

status::status(int code, enhanced_code enhanced, std::string_view text)
    : code_(is_reply_code(code) ? code : 451), enhanced_(enhanced), text_(one_line(text)) {}

status status::success(std::string_view enhanced, std::string_view text) { return of(250, enhanced, text); }
status status::transient(std::string_view enhanced, std::string_view text) { return of(451, enhanced, text); }
status status::permanent(std::string_view enhanced, std::string_view text) { return of(550, enhanced, text); }

status status::of(int code, std::string_view enhanced, std::string_view text) {
    return {code, enhanced_code::parse(enhanced), text};
}

std::string status::line() const {
    std::string line;
    line.reserve(16 + text_.size());
    append_number(line, code_);
    if (enhanced_.klass != 0) {
        line += ' ';
        line += enhanced_.text();
    }
    if (!text_.empty()) {
        line += ' ';
        line += text_;
    }
    return line;
}

status status::from_line(std::string_view line) {
    std::string_view rest = line;
    int code = 0;
    const bool readable = parse_digits(rest, 3, code) && is_reply_code(code) && (rest.empty() || rest.front() == ' ');
    if (!readable) return {451, {}, line};
    if (!rest.empty()) rest.remove_prefix(1);
    const enhanced_code enhanced = enhanced_code::parse(rest);
    if (enhanced.klass != 0 && !rest.empty()) rest.remove_prefix(1);
    return {code, enhanced, rest};
}

}  // namespace waypost::mail
