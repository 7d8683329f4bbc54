#include "waypost/mail/header_pass.hpp"

#include "waypost/base/ascii.hpp"
#include "waypost/mail/header.hpp"

namespace waypost::mail {

namespace {

// RFC 5322 section 2.1.1: no line has more, so no name of a field.
constexpr std::size_t longest_line = 998;

bool is_ftext(char c) { return c > ' ' && c <= '~' && c != ':'; }

/// Whether this may still become "Name:", with blanks before the colon as the obsolete syntax allows.
bool may_be_field(std::string_view pending) {
    if (pending.size() > longest_line || !is_ftext(pending.front())) return false;
    if (pending.size() == 1) return true;
    const char last = pending.back();
    if (last == ':' || base::is_blank(last)) return true;
    return is_ftext(last) && !base::is_blank(pending[pending.size() - 2]);
}

}  // namespace

void header_pass::feed(std::string_view piece, std::string& out) {
    while (!piece.empty() && state_ != state::body) {
        if (state_ == state::name) {
            take(piece.front(), out);
            piece.remove_prefix(1);
            continue;
        }
        const std::size_t end = piece.find('\n');
        const std::string_view line = piece.substr(0, end == std::string_view::npos ? end : end + 1);
        if (state_ == state::keeping) out += line;
        if (end != std::string_view::npos) state_ = state::name;
        piece.remove_prefix(line.size());
    }
    out += piece;
}

/// One more octet at the beginning of a line.
void header_pass::take(char c, std::string& out) {
    held_text_ += c;
    const bool continues = held_text_.size() == 1 && base::is_blank(c);
    if (continues && !any_field_) {
        begin_body(out);
    } else if (!completes_) {
        out += held_text_;
        state_ = state::body;
    } else if (continues) {
        state_ = last_field_;
        if (state_ == state::keeping) out += held_text_;
        held_text_.clear();
    } else if (held_text_ == "\r") {
        return;  // of an empty line, so far
    } else if (held_text_ == "\n" || held_text_ == "\r\n") {
        add_missing(out);
        out += held_text_;
        state_ = state::body;
    } else if (!may_be_field(held_text_)) {
        take_mbox_line_or_body(out);
    } else if (c == ':') {
        keep_or_drop(out);
    }
}

/// A line that is no field.
void header_pass::take_mbox_line_or_body(std::string& out) {
    if (any_field_ || !is_mbox_line(held_text_)) return begin_body(out);
    if (!held_text_.ends_with('\n')) state_ = state::dropping;
    held_text_.clear();
}

void header_pass::keep_or_drop(std::string& out) {
    const std::string_view name = base::trim(std::string_view(held_text_).substr(0, held_text_.size() - 1));
    if (base::iequals(name, "From")) additions_.from_field.clear();
    if (base::iequals(name, "Date")) additions_.date.clear();
    if (base::iequals(name, "Message-ID")) additions_.message_id.clear();
    const bool is_blind = base::iequals(name, "Bcc") || base::iequals(name, "Resent-Bcc");
    last_field_ = state_ = is_blind ? state::dropping : state::keeping;
    if (!is_blind) out += held_text_;
    held_text_.clear();
    any_field_ = true;
}

void header_pass::add_missing(std::string& out) {
    out.append(additions_.from_field).append(additions_.date).append(additions_.message_id);
}

/// What is held was not of the header section.
void header_pass::begin_body(std::string& out) {
    add_missing(out);
    out.append("\r\n").append(held_text_);
    held_text_.clear();
    state_ = state::body;
}

void header_pass::end(std::string& out) {
    if (!completes_ || state_ == state::body) return;
    if (!held_text_.empty()) return begin_body(out);
    if (state_ == state::keeping) out += "\r\n";
    add_missing(out);
    state_ = state::body;
}

}  // namespace waypost::mail
