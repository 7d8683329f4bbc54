// address-list = (address *("," address)); address = mailbox / group; group = display-name ":" [group-list] ";"
// mailbox = addr-spec / [display-name] "<" [obs-route] addr-spec ">"          (RFC 5322 sections 3.4 and 4.4)
//
// One pass over the bytes with a few flags instead of a descent: what people and attackers write here is nested,
// unclosed and long, and each byte is looked at once.
#include <algorithm>
#include <cstddef>
#include <utility>

#include "waypost/base/ascii.hpp"
#include "waypost/mail/header.hpp"
#include "waypost/mail/mailbox.hpp"

namespace waypost::mail {
namespace {

constexpr std::size_t shown_of_bad = 128;

class list_parser {
public:
    explicit list_parser(std::string_view value) : text_(value) {}

    address_list run() {
        while (position_ < text_.size()) step();
        finish_element();
        return std::move(result_);
    }

private:
    void step() {
        const char c = text_[position_];
        switch (c) {
            case '(': return skip_comment();
            case '"': return take_until('"');
            case '[': return take_until(']');
            case '<':
                if (angle_ != angle::none) malformed_ = true;
                angle_ = angle::open;
                break;
            case '>':
                if (angle_ != angle::open) malformed_ = true;
                angle_ = angle::closed;
                break;
            case ':': end_prefix(); break;
            case ',':
            case ';':
                if (angle_ == angle::open) {
                    take(c);  // between the hosts of a route
                } else {
                    finish_element();
                    start_ = position_ + 1;
                }
                break;
            case ' ':
            case '\t':
            case '\r':
            case '\n': gap_ = true; break;
            case '\\':  // obsolete outside of quotes, and in no address; but what it escapes parts nothing
                take(c);
                if (position_ + 1 < text_.size()) take(text_[++position_]);
                break;
            default: take(c);
        }
        ++position_;
    }

    /// What stood before a colon is the name of a group or, in angle brackets, a route ("@a,@b:"): neither is wanted.
    void end_prefix() {
        if (angle_ == angle::closed || (angle_ == angle::open && !inside_.starts_with('@'))) malformed_ = true;
        part().clear();
        if (angle_ == angle::none) start_ = position_ + 1;
    }

    /// Comments nest (RFC 5322 section 3.2.2) as deep as they like: a counter, no recursion.
    void skip_comment() {
        gap_ = true;
        std::size_t depth = 0;
        for (; position_ < text_.size(); ++position_) {
            if (text_[position_] == '\\') {
                ++position_;
            } else if (text_[position_] == '(') {
                ++depth;
            } else if (text_[position_] == ')' && --depth == 0) {
                ++position_;
                return;
            }
        }
        position_ = text_.size();
        malformed_ = true;
    }

    /// A quoted-string or a domain-literal, which may hold anything else.
    void take_until(char end) {
        take(text_[position_++]);
        while (position_ < text_.size()) {
            const char c = text_[position_++];
            part().push_back(c);
            if (c == end) return;
            if (c == '\\' && position_ < text_.size()) part().push_back(text_[position_++]);
        }
        malformed_ = true;
    }

    /// Blanks and comments around "." and "@" mean nothing; elsewhere they part two words, which no address has.
    void take(char c) {
        if (angle_ == angle::closed) malformed_ = true;
        std::string& to = part();
        const bool joins = c == '.' || c == '@' || to.empty() || to.back() == '.' || to.back() == '@';
        if (gap_ && !joins) to.push_back(' ');
        gap_ = false;
        to.push_back(c);
    }

    std::string& part() noexcept { return angle_ == angle::open ? inside_ : outside_; }

    void finish_element() {
        const std::string_view address = angle_ == angle::none ? outside_ : inside_;
        const bool nothing = angle_ == angle::none && !malformed_ && address.empty();  // "a,,b" is obsolete syntax
        if (!nothing) add(address);
        outside_.clear();
        inside_.clear();
        angle_ = angle::none;
        malformed_ = gap_ = false;
    }

    void add(std::string_view address) {
        if (!malformed_ && angle_ != angle::open) {
            if (const auto full = mailbox::parse(address)) {
                result_.addresses.push_back(full->text());
                return;
            }
            if (address.find('"') == std::string_view::npos && local_part::parse(address)) {
                result_.addresses.emplace_back(address);
                return;
            }
        }
        const std::string_view written = text_.substr(start_, std::min(position_, text_.size()) - start_);
        result_.bad.push_back(base::printable(base::trim(written), shown_of_bad));
    }

    enum class angle { none, open, closed };

    std::string_view text_;
    std::size_t position_ = 0;
    std::size_t start_ = 0;  // of this element, to name it when it is bad
    std::string outside_;  // the element but for comments and what is in angle brackets
    std::string inside_;  // what is in angle brackets
    angle angle_ = angle::none;
    bool gap_ = false;
    bool malformed_ = false;
    address_list result_;
};

}  // namespace

address_list parse_address_list(std::string_view value) { return list_parser(value).run(); }

}  // namespace waypost::mail
