#include "waypost/mail/masquerade.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::mail {

namespace {

constexpr std::string_view field = "From:";

/// "From:", with the blanks before the colon that the obsolete syntax allows, or the beginning of it.
bool may_become_from(std::string_view pending) {
    const std::size_t name = std::min(pending.size(), field.size() - 1);
    if (!base::iequals(pending.substr(0, name), field.substr(0, name))) return false;
    for (const char c : pending.substr(name, pending.size() - name - (pending.ends_with(':') ? 1 : 0))) {
        if (!base::is_blank(c)) return false;
    }
    return true;
}

}  // namespace

void masquerade::feed(std::string_view piece, std::string& out) {
    for (std::size_t i = 0; i < piece.size(); ++i) {
        if (state_ == at::body) {
            out.append(piece.substr(i));
            return;
        }
        take(piece[i], out);
    }
}

void masquerade::take(char c, std::string& out) {
    if (state_ == at::name) {
        held_text_ += c;
        return decide(out);
    }
    if (state_ == at::keeping) out += c;
    if (c == '\n') state_ = at::name;
}

/// At the beginning of a line, with what is there of it.
void masquerade::decide(std::string& out) {
    if (base::is_blank(held_text_.front())) {
        state_ = dropped_before_ ? at::dropping : at::keeping;
    } else if (held_text_.front() == '\r') {
        if (held_text_.size() < 2) return;
        state_ = held_text_ == "\r\n" ? at::body : at::keeping;
    } else if (may_become_from(held_text_)) {
        constexpr std::size_t longest = 100;  // so many blanks before a colon nobody means
        if (held_text_.back() != ':' && held_text_.size() < longest) return;
        dropped_before_ = held_text_.back() == ':';
        state_ = dropped_before_ ? at::dropping : at::keeping;
        if (dropped_before_) out.append(field).append(" ").append(address_).append("\r\n");
    } else {
        dropped_before_ = false;
        state_ = at::keeping;
    }
    if (state_ != at::dropping) out += held_text_;
    const bool line_is_over = held_text_.ends_with('\n');
    held_text_.clear();
    if (line_is_over && state_ != at::body) state_ = at::name;
}

void masquerade::end(std::string& out) {
    out += held_text_;
    held_text_.clear();
}

}  // namespace waypost::mail
