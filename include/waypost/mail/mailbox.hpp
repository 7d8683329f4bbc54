// Addresses of RFC 5321 section 4.1.2, parsed once at the edge: who holds one of these types holds a valid address.
//
// A domain is kept in lower case and is a name of letters, digits, hyphens and underscores in labels (RFC 5890 A-labels
// included), or an address literal in brackets. A local-part keeps its case and is held without needless quoting: the
// text as it was meant; text() gives the form for the wire, quoted only where it must be. Control bytes, NUL, CR and LF
// are in neither, nor is anything that is not ASCII (no SMTPUTF8 yet). Lengths: domain 255, path 256 octets
// (section 4.5.3.1). The 64 octets of a local-part in that section are what must be accepted at least; VERP and SRS
// addresses are longer, so here only the path bounds it.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace waypost::mail {

class domain {
public:
    [[nodiscard]] static std::optional<domain> parse(std::string_view text);
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool is_literal() const noexcept { return text_.front() == '['; }
    friend auto operator<=>(const domain&, const domain&) = default;

private:
    explicit domain(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

class local_part {
public:
    /// Dot-string or quoted-string, as on the wire.
    [[nodiscard]] static std::optional<local_part> parse(std::string_view text);
    /// The one that means this text; nothing where no local-part can.
    [[nodiscard]] static std::optional<local_part> from_value(std::string_view value);
    /// What it means: without quotes and backslashes.
    [[nodiscard]] const std::string& value() const noexcept { return value_; }
    /// As on the wire.
    [[nodiscard]] std::string text() const;
    friend auto operator<=>(const local_part&, const local_part&) = default;

private:
    explicit local_part(std::string value) : value_(std::move(value)) {}
    std::string value_;
};

struct mailbox {
    local_part local;
    domain host;

    [[nodiscard]] static std::optional<mailbox> parse(std::string_view text);  // without angle brackets
    [[nodiscard]] std::string text() const;
    friend auto operator<=>(const mailbox&, const mailbox&) = default;
};

/// MAIL FROM: a mailbox, or null (`<>`), which gets no bounce.
class reverse_path {
public:
    reverse_path() = default;  // the null reverse-path
    explicit reverse_path(mailbox mailbox) : mailbox_(std::move(mailbox)) {}
    [[nodiscard]] bool is_null() const noexcept { return !mailbox_; }
    [[nodiscard]] const std::optional<mailbox>& address() const noexcept { return mailbox_; }
    /// Without brackets; empty for the null reverse-path.
    [[nodiscard]] std::string text() const { return mailbox_ ? mailbox_->text() : std::string(); }
    /// The opposite of text().
    [[nodiscard]] static std::optional<reverse_path> from_text(std::string_view text);
    friend bool operator==(const reverse_path&, const reverse_path&) = default;

private:
    std::optional<mailbox> mailbox_;
};

/// Moves `text` past `<...>` (an obsolete source route in it is read and dropped) and answers the path; on failure
/// leaves `text` alone. What follows the `>` is the caller's. Without brackets a path ends at a blank. `local_host`
/// completes
/// `<postmaster>` (RFC 5321 section 4.1.1.3) and any other bare local-part in brackets, as mail programs on this
/// machine write them.
///     Reverse-path = Path / "<>"      Forward-path = Path      Path = "<" [ A-d-l ":" ] Mailbox ">"
[[nodiscard]] std::optional<reverse_path> parse_reverse_path(std::string_view& text, const domain& local_host);
[[nodiscard]] std::optional<mailbox> parse_forward_path(std::string_view& text, const domain& local_host);

}  // namespace waypost::mail
