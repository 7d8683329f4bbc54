#include "waypost/config/syntax/cursor.hpp"

#include <limits>
#include <utility>

#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/config/syntax/words.hpp"

namespace waypost::config {
namespace {

std::string in_quotes(std::string_view text) { return "\"" + base::printable(text, 64) + "\""; }

}  // namespace

cursor::cursor(std::vector<token> tokens, fault_list& faults) : tokens_(std::move(tokens)), faults_(faults) {}

const token& cursor::take() {
    const token& one = tokens_[next_];
    if (one.is == token::kind::broken) throw leave_directive();
    if (one.is != token::kind::end) ++next_;
    return one;
}

bool cursor::skip_word(std::string_view word) {
    if (!peek().is_word(word)) return false;
    take();
    return true;
}

bool cursor::skip_mark(char mark) {
    if (!peek().is_mark(mark)) return false;
    take();
    return true;
}

void cursor::skip_newlines() {
    while (peek().is == token::kind::newline) take();
}

void cursor::expect_mark(char mark, std::string_view subject) {
    if (!skip_mark(mark)) fail_unexpected(peek(), subject);
}

void cursor::expect_word(std::string_view word, std::string_view example) {
    if (!skip_word(word)) fail_unexpected(peek(), in_quotes(word), "write " + std::string(example));
}

located_string cursor::take_string(std::string_view subject) {
    const token& one = peek();
    if (one.is == token::kind::word && is_keyword(one.text)) {
        fail(one, in_quotes(one.text) + " is a word of the grammar where " + std::string(subject) + " is wanted",
             "put it in quotes if it is meant: \"" + one.text + "\"");
    }
    if (!one.is_text()) fail_unexpected(one, subject);
    if (one.text.empty()) fail(one, "an empty string where " + std::string(subject) + " is wanted");
    const token& taken = take();
    return {taken.text, taken.position.where()};
}

bool cursor::string_is_next() const {
    const token& one = peek();
    if (one.is == token::kind::quoted) return true;
    return one.is == token::kind::word && !is_keyword(one.text) && !is_old_keyword(one.text);
}

std::chrono::seconds cursor::take_delay(std::string_view subject) {
    const token& one = peek();
    const located_string text = take_string(subject);
    std::uint64_t unit = 0;
    switch (text.text.back()) {
        case 's': unit = 1; break;
        case 'm': unit = 60; break;
        case 'h': unit = 3600; break;
        case 'd': unit = 86400; break;
        default: break;
    }
    const auto number = base::parse_number(std::string_view(text.text).substr(0, text.text.size() - 1));
    constexpr std::uint64_t longest = std::numeric_limits<std::int32_t>::max();
    if (unit == 0 || !number || *number == 0 || *number > longest / unit) {
        fail(one, show(one) + " is no time", "write a number and one of s, m, h, d, as in 4h");
    }
    return std::chrono::seconds(*number * unit);
}

std::uint64_t cursor::take_size(std::string_view subject) {
    const token& one = peek();
    const located_string text = take_string(subject);
    std::string_view digits = text.text;
    unsigned shift = 0;
    switch (base::to_upper(digits.back())) {
        case 'K': shift = 10; break;
        case 'M': shift = 20; break;
        case 'G': shift = 30; break;
        default: break;
    }
    if (shift != 0) digits.remove_suffix(1);
    const auto number = base::parse_number(digits);
    if (!number || *number == 0 || *number > (1ULL << 50 >> shift)) {
        fail(one, show(one) + " is no size", "write a number of bytes, or of K, M or G, as in 35M");
    }
    return *number << shift;
}

std::uint64_t cursor::take_number(std::string_view subject, std::uint64_t least, std::uint64_t most) {
    const token& one = peek();
    const located_string text = take_string(subject);
    const auto number = base::parse_number(text.text);
    if (!number || *number < least || *number > most) {
        fail(one, show(one) + " is not " + std::string(subject),
             "write a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return *number;
}

void cursor::fail(const token& token, std::string text, std::string hint) {
    if (token.is != token::kind::broken) fault(token.position.where(), std::move(text), std::move(hint));
    throw leave_directive();
}

void cursor::fail_unexpected(const token& token, std::string_view expected, std::string hint) {
    fail(token, "expected " + std::string(expected) + ", found " + show(token), std::move(hint));
}

void cursor::fail_unknown(const token& token, std::string_view kind, const std::vector<std::string_view>& names) {
    fail(token, "unknown " + std::string(kind) + " " + show(token), did_you_mean(token.text, names));
}

void cursor::fail_not_built(const token& token, std::string_view word) {
    fail(token, "\"" + std::string(word) + "\" is not built yet", "remove it");
}

void cursor::fault(const location& location, std::string text, std::string hint) {
    faults_.fault(location, std::move(text), std::move(hint));
}

void cursor::warn(const location& location, std::string text, std::string hint) {
    faults_.warn(location, std::move(text), std::move(hint));
}

std::string cursor::show(const token& token) const {
    switch (token.is) {
        case token::kind::newline: return "the end of the line";
        case token::kind::end: return "the end of the file";
        case token::kind::mark: return in_quotes(token.text);
        default: return hushed_ > 0 ? "a string" : in_quotes(token.text);
    }
}

void cursor::skip_directive(std::size_t begin) {
    const std::size_t failed = next_;
    std::size_t depth = 0;
    for (next_ = begin;; ++next_) {
        const token& one = tokens_[next_];
        if (one.is_mark('{')) ++depth;
        if (one.is_mark('}') && depth > 0) --depth;
        if (one.is == token::kind::end || (one.is == token::kind::newline && depth == 0)) break;
    }
    if (depth > 0) {
        // A brace that is never closed: what follows the line of the fault, or begins with it, may be good again.
        next_ = failed;
        while (next_ > begin && tokens_[next_ - 1].is != token::kind::newline) --next_;
        if (next_ == begin) {
            while (!at_line_end()) ++next_;
        }
    }
    skip_newlines();
}

}  // namespace waypost::config
