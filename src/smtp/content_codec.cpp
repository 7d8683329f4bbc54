#include "waypost/smtp/content_codec.hpp"

#include <algorithm>
#include <cstring>

namespace waypost::smtp {

namespace {

constexpr auto npos = std::string_view::npos;
// The next LF is looked for once, not again for every CR before it: that would be quadratic.
constexpr auto not_looked = npos - 1;
constexpr std::string_view line_end = "\r\n";
constexpr std::string_view line_of_a_dot = ".\r\n";

std::size_t find(std::string_view text, char c, std::size_t start) noexcept {
    if (start >= text.size()) return npos;
    const void* found = std::memchr(text.data() + start, c, text.size() - start);
    return found == nullptr ? npos : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace

content_decoder::content_decoder(std::uint64_t max_bytes, std::size_t longest_line, bare_line_feed line_feed)
    : max_bytes_(max_bytes), longest_line_(longest_line), line_feed_(line_feed) {}

content_decoder::fault content_decoder::found() const noexcept {
    for (const fault f : {fault::bare_line_end, fault::nul_byte, fault::line_too_long, fault::too_big}) {
        if ((faults_ & 1U << static_cast<unsigned>(f)) != 0) return f;
    }
    return fault::none;
}

// The rules that keep anyone from smuggling a command in (bad ends of lines seen by one server and not by another):
//   - a dot can end the content only behind a good line end: a CR and LF in a row, and no further CR before them. CR CR
//     LF is the line end of nobody, so a dot behind it ends nothing;
//   - behind a lone dot only CR LF ends the content; "." LF and "." CR CR LF do not;
//   - faults, and what a bare LF is, never change where the end is.
//
// Pieces are as long as they can be: one ends only where a dot is taken out, at a bare LF, or where the input ends.
bool content_decoder::step(std::string_view& input, std::string_view& piece) {
    if (ended_) return false;
    std::size_t from = 0;  // of the piece
    std::size_t i = 0;
    std::size_t next_feed = not_looked;
    const auto hand_on = [&](std::string_view text, std::size_t eaten) {
        this->hand_on(text, input.substr(0, eaten), piece);
        input.remove_prefix(eaten);
        return true;
    };
    const auto begin_line = [&](at start) {
        state_ = start;
        line_length_ = 0;
    };

    while (i < input.size()) {
        switch (state_) {
            case at::line_start:
            case at::bare_start:
                if (input[i] == '.') {
                    state_ = state_ == at::line_start ? at::dot : at::bare_dot;
                    return hand_on(input.substr(from, i - from), i + 1);
                }
                state_ = at::text;
                break;
            case at::dot:
            case at::bare_dot:
                if (input[i] == '\r') {
                    state_ = state_ == at::dot ? at::dot_cr : at::bare_dot_cr;
                    from = ++i;  // perhaps of the end, and then no content
                } else if (input[i] == '\n' && line_feed_ == bare_line_feed::normalize) {
                    begin_line(at::bare_start);
                    return hand_on(line_of_a_dot, i + 1);
                } else {
                    state_ = at::text;
                }
                break;
            case at::dot_cr:
            case at::bare_dot_cr:
                if (input[i] == '\n') {
                    ended_ = state_ == at::dot_cr;
                    begin_line(at::line_start);
                    hand_on(ended_ ? std::string_view() : line_of_a_dot, i + 1);
                    return !ended_;
                }
                ++bytes_;  // the CR was content after all
                ++line_length_;
                bare_cr(input[i]);
                break;
            case at::text: i = line_rest(input, i, next_feed); break;
            case at::feed:
                if (i > from) return hand_on(input.substr(from, i - from), i);
                begin_line(at::bare_start);
                return hand_on(line_end, i + 1);
            case at::cr:
                if (input[i] == '\n') {
                    begin_line(at::line_start);
                    ++i;
                } else {
                    bare_cr(input[i]);
                }
                break;
            case at::bad_cr:
                if (input[i] == '\r') {
                    ++line_length_;
                    ++i;
                } else {
                    state_ = at::text;
                }
                break;
        }
    }
    hand_on(input.substr(from, i - from), i);
    return false;
}

void content_decoder::hand_on(std::string_view text, std::string_view eaten, std::string_view& piece) {
    check(text);
    if (faults_ == 0) piece = text;
    for (const char c : eaten.substr(eaten.size() - std::min<std::size_t>(eaten.size(), 8))) {
        last_bytes_ = last_bytes_ << 8 | static_cast<unsigned char>(c);
    }
}

/// `start` is in the middle of a line: eats to its end, to a CR, or to the end of the input. A bare LF that is a line
/// end is left for the next step.
std::size_t content_decoder::line_rest(std::string_view input, std::size_t start, std::size_t& next_feed) {
    if (next_feed < start || next_feed == not_looked) next_feed = find(input, '\n', start);
    const std::size_t end = std::min(next_feed, input.size());
    const std::size_t cr = find(input.substr(0, end), '\r', start);
    std::size_t next = end;
    std::size_t longest = longest_line_ + 1;  // the 1 is its CR, which may be still to come
    if (cr != npos) {
        state_ = at::cr;
        next = cr + 1;
    } else if (next_feed != npos && line_feed_ == bare_line_feed::normalize) {
        state_ = at::feed;
        longest = longest_line_;
    } else if (next_feed != npos) {
        add(fault::bare_line_end);
        next = next_feed + 1;
    }
    line_length_ += next - start;
    if (line_length_ > longest) add(fault::line_too_long);
    return next;
}

/// A CR was not the first half of a CRLF.
void content_decoder::bare_cr(char next) {
    add(fault::bare_line_end);
    state_ = next == '\r' ? at::bad_cr : at::text;
}

// One pass without a branch, so that the compiler makes vector code of it.
void content_decoder::check(std::string_view piece) {
    unsigned char any = 0;
    unsigned char nul = 0;
    for (const char c : piece) {
        any |= static_cast<unsigned char>(c);
        nul |= static_cast<unsigned char>(c == '\0');
    }
    if (any > 0x7f) eight_bit_ = true;
    if (nul != 0) add(fault::nul_byte);
    bytes_ += piece.size();
    if (bytes_ > max_bytes_) add(fault::too_big);
}

bool content_decoder::seems_ended() const noexcept {
    if ((faults_ & 1U << static_cast<unsigned>(fault::bare_line_end)) == 0) return false;
    const auto is_line_end = [](std::uint64_t bytes) { return (bytes & 0xff) == '\r' || (bytes & 0xff) == '\n'; };
    std::uint64_t rest = last_bytes_;
    if (!is_line_end(rest)) return false;
    while (is_line_end(rest)) rest >>= 8;
    return (rest & 0xff) == '.' && is_line_end(rest >> 8);
}

bool has_only_crlf(std::string_view text) noexcept {
    if (text.empty()) return true;
    if (text.front() == '\n' || text.back() == '\r') return false;
    unsigned char bad = 0;
    for (std::size_t i = 1; i < text.size(); ++i) {
        bad |= static_cast<unsigned char>((text[i - 1] == '\r') != (text[i] == '\n'));
    }
    return bad == 0;
}

// Without a branch too: of every two neighbours, is the first a CR exactly if the second is an LF?
bool content_encoder::passes(std::string_view piece) const noexcept {
    if (piece.empty()) return true;
    if (after_cr_ != (piece.front() == '\n') || (at_line_start_ && piece.front() == '.')) return false;
    unsigned char bad = 0;
    for (std::size_t i = 1; i < piece.size(); ++i) {
        const char before = piece[i - 1];
        const char c = piece[i];
        bad |= static_cast<unsigned char>((before == '\r') != (c == '\n'));
        bad |= static_cast<unsigned char>((before == '\n') & (c == '.'));
    }
    return bad == 0;
}

void content_encoder::passed(std::string_view piece) noexcept {
    if (piece.empty()) return;
    at_line_start_ = piece.back() == '\n';
    after_cr_ = piece.back() == '\r';
}

void content_encoder::encode(std::string_view piece, std::string& out) {
    if (piece.empty()) return;
    std::size_t i = 0;
    if (after_cr_) {  // the CR is out already; whatever comes now, it gets its LF
        out += '\n';
        at_line_start_ = true;
        after_cr_ = false;
        if (piece.front() == '\n') ++i;
    }
    std::size_t feed = not_looked;
    while (i < piece.size()) {
        if (at_line_start_ && piece[i] == '.') out += '.';
        if (feed < i || feed == not_looked) feed = find(piece, '\n', i);
        const std::size_t end =
            std::min({feed, find(piece.substr(0, std::min(feed, piece.size())), '\r', i), piece.size()});
        out.append(piece, i, end - i);
        at_line_start_ = end < piece.size();
        if (end == piece.size()) return;
        out += '\r';
        if (end + 1 == piece.size() && piece[end] == '\r') {
            at_line_start_ = false;
            after_cr_ = true;
            return;
        }
        out += '\n';
        i = end + (piece[end] == '\r' && piece[end + 1] == '\n' ? 2 : 1);
    }
}

std::string_view content_encoder::end() noexcept {
    const std::string_view last = after_cr_ ? "\n.\r\n" : at_line_start_ ? ".\r\n" : "\r\n.\r\n";
    *this = {};
    return last;
}

}  // namespace waypost::smtp
