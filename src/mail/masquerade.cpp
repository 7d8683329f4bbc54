#include "waypost/mail/masquerade.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::mail {

namespace {

constexpr std::string_view field = "From:";

/// "From:", with the blanks before the colon that the obsolete syntax allows, or the beginning of it.
bool may_become_from(std::string_view held) {
    const std::size_t name = std::min(held.size(), field.size() - 1);
    if (!base::iequals(held.substr(0, name), field.substr(0, name))) return false;
    for (const char c : held.substr(name, held.size() - name - (held.ends_with(':') ? 1 : 0))) {
        if (!base::is_blank(c)) return false;
    }
    return true;
}

}  // namespace

void masquerade::feed(std::string_view piece, std::string& out) {
    for (std::size_t i = 0; i < piece.size(); ++i) {
        if (at_ == at::body) {
            out.append(piece.substr(i));
            return;
        }
        take(piece[i], out);
    }
}

void masquerade::take(char c, std::string& out) {
    if (at_ == at::name) {
        held_ += c;
        return decide(out);
    }
    if (at_ == at::keeping) out += c;
    if (c == '\n') at_ = at::name;
}

/// At the beginning of a line, with what is there of it.
void masquerade::decide(std::string& out) {
    if (base::is_blank(held_.front())) {
        at_ = dropped_before_ ? at::dropping : at::keeping;
    } else if (held_.front() == '\r') {
        if (held_.size() < 2) return;
        at_ = held_ == "\r\n" ? at::body : at::keeping;
    } else if (may_become_from(held_)) {
        constexpr std::size_t longest = 100;  // so many blanks before a colon nobody means
        if (held_.back() != ':' && held_.size() < longest) return;
        dropped_before_ = held_.back() == ':';
        at_ = dropped_before_ ? at::dropping : at::keeping;
        if (dropped_before_) out.append(field).append(" ").append(address_).append("\r\n");
    } else {
        dropped_before_ = false;
        at_ = at::keeping;
    }
    if (at_ != at::dropping) out += held_;
    const bool line_is_over = held_.ends_with('\n');
    held_.clear();
    if (line_is_over && at_ != at::body) at_ = at::name;
}

void masquerade::end(std::string& out) {
    out += held_;
    held_.clear();
}

}  // namespace waypost::mail
