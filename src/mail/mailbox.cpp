#include "waypost/mail/mailbox.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "ip_text.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::mail {
namespace {

constexpr std::size_t max_label = 63;
constexpr std::size_t max_domain = 255;
constexpr std::size_t max_mailbox = 254;  // a path of 256 octets, without its brackets

constexpr bool is_atext(char c) noexcept {
    return base::is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}
constexpr bool is_printable(char c) noexcept { return c >= ' ' && c <= '~'; }

constexpr std::array<bool, 256> atext = [] {
    std::array<bool, 256> is{};
    for (std::size_t i = 0; i < is.size(); ++i) is[i] = is_atext(static_cast<char>(i));
    return is;
}();

/// Dot-string = Atom *("." Atom)
bool is_dot_string(std::string_view text) noexcept {
    bool in_atom = false;
    for (const char c : text) {
        if (c == '.' ? !in_atom : !atext[static_cast<unsigned char>(c)]) return false;
        in_atom = c != '.';
    }
    return in_atom;
}

/// Quoted-string = DQUOTE *(qtextSMTP / "\" %d32-126) DQUOTE. Answers how many octets it has, 0 if there is none.
std::size_t quoted_string_length(std::string_view text) noexcept {
    if (!text.starts_with('"')) return 0;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') return i + 1;
        if (text[i] == '\\') ++i;
        if (i == text.size() || !is_printable(text[i])) return 0;
    }
    return 0;
}

/// The octets of `text` up to the end of its local-part, good or bad: a quoted-string, or all before `stops`.
std::size_t local_part_length(std::string_view text, std::string_view stops) noexcept {
    if (text.starts_with('"')) return quoted_string_length(text);
    return std::min(text.find_first_of(stops), text.size());
}

bool is_label(std::string_view label) noexcept {
    if (label.empty() || label.size() > max_label || label.front() == '-' || label.back() == '-') return false;
    return std::all_of(label.begin(), label.end(), [](char c) { return base::is_alnum(c) || c == '-' || c == '_'; });
}

/// address-literal = "[" ( IPv4 / "IPv6:" IPv6 ) "]"; the general form, of which nothing is registered, is refused.
std::optional<std::string> canonical_literal(std::string_view text) {
    constexpr std::string_view tag = "IPv6:";
    if (text.size() < 2 || text.back() != ']') return std::nullopt;
    std::string_view inside = text.substr(1, text.size() - 2);
    const bool v6 = base::istarts_with(inside, tag);
    if (v6) inside.remove_prefix(tag.size());
    const auto address = canonical_address(v6 ? AF_INET6 : AF_INET, inside);
    if (!address) return std::nullopt;
    std::string literal = v6 ? "[IPv6:" : "[";
    literal += *address;
    literal += ']';
    return literal;
}

/// Whether what text() will answer can be parsed again: a local-part never grows by being parsed, but an IPv6 literal
/// can.
bool fits_in_path(std::size_t local_length, const domain& host) noexcept {
    return local_length + 1 + host.text().size() <= max_mailbox;
}

/// A-d-l = At-domain *( "," At-domain ), then ":". RFC 5321 section 4.1.2: to be accepted, and ignored.
bool skip_source_route(std::string_view& text) {
    std::string_view rest = text;
    while (rest.starts_with('@')) {
        rest.remove_prefix(1);
        const std::size_t end = rest.find_first_of(",:>");
        if (end == std::string_view::npos || rest[end] == '>' || !domain::parse(rest.substr(0, end))) return false;
        const bool last = rest[end] == ':';
        rest.remove_prefix(end + 1);
        if (last) {
            text = rest;
            return true;
        }
    }
    return false;
}

/// Moves past a path that is not null. `local_host` completes a bare local-part, but only in brackets: without them the
/// next word of any mistake would be an address.
std::optional<mailbox> parse_path(std::string_view& text, const domain& local_host) {
    std::string_view rest = text;
    const bool bracketed = rest.starts_with('<');
    if (bracketed) {
        rest.remove_prefix(1);
        if (rest.starts_with('@') && !skip_source_route(rest)) return std::nullopt;
    }

    const std::size_t local_length = local_part_length(rest, "@<> \t");
    auto local = local_part::parse(rest.substr(0, local_length));
    if (!local) return std::nullopt;
    rest.remove_prefix(local_length);

    std::optional<domain> host;
    if (rest.starts_with('@')) {
        rest.remove_prefix(1);
        const std::size_t end = std::min(rest.find_first_of("<> \t"), rest.size());
        host = domain::parse(rest.substr(0, end));
        rest.remove_prefix(end);
    } else if (bracketed) {
        host = local_host;
    }
    if (!host) return std::nullopt;

    if (bracketed) {
        if (!rest.starts_with('>')) return std::nullopt;
        rest.remove_prefix(1);
    } else if (!rest.empty() && !base::is_blank(rest.front())) {
        return std::nullopt;
    }
    if (!fits_in_path(local_length, *host)) return std::nullopt;
    text = rest;
    return mailbox{std::move(*local), std::move(*host)};
}

}  // namespace

std::optional<domain> domain::parse(std::string_view text) {
    if (text.empty() || text.size() > max_domain) return std::nullopt;
    if (text.front() == '[') {
        auto literal = canonical_literal(text);
        if (!literal) return std::nullopt;
        return domain(std::move(*literal));
    }
    for (std::string_view rest = text;;) {
        const std::size_t dot = rest.find('.');
        if (!is_label(rest.substr(0, dot))) return std::nullopt;
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    return domain(base::to_lower(text));
}

std::optional<local_part> local_part::parse(std::string_view text) {
    if (text.size() > max_mailbox) return std::nullopt;
    if (is_dot_string(text)) return local_part(std::string(text));
    if (text.empty() || quoted_string_length(text) != text.size()) return std::nullopt;

    std::string value;
    value.reserve(text.size() - 2);
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        if (text[i] == '\\') ++i;
        value += text[i];
    }
    return local_part(std::move(value));
}

std::optional<local_part> local_part::from_value(std::string_view value) {
    if (value.size() > max_mailbox || !std::ranges::all_of(value, is_printable)) return std::nullopt;
    return local_part(std::string(value));
}

std::string local_part::text() const {
    if (is_dot_string(value_)) return value_;
    std::string quoted = "\"";
    for (const char c : value_) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    quoted += '"';
    return quoted;
}

std::optional<mailbox> mailbox::parse(std::string_view text) {
    if (text.size() > max_mailbox) return std::nullopt;
    const std::size_t at = local_part_length(text, "@");
    if (at >= text.size() || text[at] != '@') return std::nullopt;
    auto local = local_part::parse(text.substr(0, at));
    if (!local) return std::nullopt;
    auto host = domain::parse(text.substr(at + 1));
    if (!host || !fits_in_path(at, *host)) return std::nullopt;
    return mailbox{std::move(*local), std::move(*host)};
}

std::string mailbox::text() const {
    std::string text = local.text();
    text.reserve(text.size() + 1 + host.text().size());
    text += '@';
    text += host.text();
    return text;
}

std::optional<reverse_path> reverse_path::from_text(std::string_view text) {
    if (text.empty()) return reverse_path();
    auto from = mailbox::parse(text);
    if (!from) return std::nullopt;
    return reverse_path(std::move(*from));
}

std::optional<reverse_path> parse_reverse_path(std::string_view& text, const domain& local_host) {
    if (text.starts_with("<>")) {
        text.remove_prefix(2);
        return reverse_path();
    }
    auto from = parse_path(text, local_host);
    if (!from) return std::nullopt;
    return reverse_path(std::move(*from));
}

std::optional<mailbox> parse_forward_path(std::string_view& text, const domain& local_host) {
    return parse_path(text, local_host);
}

}  // namespace waypost::mail
