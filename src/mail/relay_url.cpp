#include "waypost/mail/relay_url.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "ip_text.hpp"
#include "relay_scheme.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/mail/mailbox.hpp"

namespace waypost::mail {
namespace {

constexpr std::size_t max_url = 1023;
constexpr std::size_t longest_port = 5;
constexpr std::size_t max_socket_path = 107;  // sockaddr_un, with its NUL

/// What a host, a scheme or a port may be shown as. A user may have written a password anywhere in the URL, so an error
/// never shows what stands where one could be: before an "@", and anything with a sign that these parts do not have.
bool can_be_shown(std::string_view part) {
    return part.size() <= 255 && std::all_of(part.begin(), part.end(), [](char c) {
               return base::is_alnum(c) || std::string_view("+-._").find(c) != std::string_view::npos;
           });
}
std::string shown(std::string_view kind, std::string_view part) {
    std::string text(kind);
    if (can_be_shown(part)) text.append(" '").append(part).append("'");
    return text;
}

bool is_number(std::string_view text) { return std::all_of(text.begin(), text.end(), base::is_digit); }

using error = std::optional<relay_url_error>;

error parse_socket_path(std::string_view path, relay_url& url) {
    if (path.size() < 2 || path.ends_with('/'))
        return relay_url_error{"the socket path is not that of a file", "lmtp:///path/to/socket"};
    if (path.size() > max_socket_path) {
        return relay_url_error{"a socket path has at most " + std::to_string(max_socket_path) +
                                   " bytes, this one has " + std::to_string(path.size()),
                               "a shorter path, or a link to the socket"};
    }
    url.socket_path = path;
    return std::nullopt;
}

/// [label "@"], up to the first "@".
error parse_label(std::string_view& rest, const scheme& via, relay_url& url) {
    const std::size_t at = rest.find('@');
    if (at == std::string_view::npos) {
        if (via.label != label_rule::demanded) return std::nullopt;
        return relay_url_error{
            shown("the scheme", via.name) + " needs a label",
            std::string(via.name) + "://label@host, where label is a key of the action's auth table"};
    }
    const std::string_view label = rest.substr(0, at);
    if (label.empty()) {
        return relay_url_error{"the label before '@' is empty", "label@host, or only the host if no login is wanted"};
    }
    if (label.find_first_of(":/") != std::string_view::npos) {
        return relay_url_error{"what stands before '@' is a label, and has neither ':' nor '/'",
                               "label@host; the user name and the password belong in the action's auth table"};
    }
    if (via.label == label_rule::refused) {
        if (via.lmtp) return relay_url_error{"LMTP has no login, so no label", "lmtp://host:port"};
        return relay_url_error{"a label on a scheme that may go out in clear text",
                               "smtp+tls://label@host, or smtps://label@host"};
    }
    url.label = label;
    rest.remove_prefix(at + 1);
    if (rest.find('@') != std::string_view::npos) {
        return relay_url_error{"there is more than one '@'", "a label without '@'; it is only a key of the auth table"};
    }
    return std::nullopt;
}

/// "[" IPv6 "]", or an IPv4 address for those who want to be sure.
error parse_bracketed_host(std::string_view& rest, relay_url& url) {
    relay_url_error no_address{"there is no IPv6 address in the brackets", "[2001:db8::25]"};
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos)
        return relay_url_error{"the bracket around the address is not closed", no_address.hint};
    std::string_view inside = rest.substr(1, end - 1);
    if (base::istarts_with(inside, "IPv6:")) inside.remove_prefix(5);
    auto address = canonical_address(AF_INET6, inside);
    if (!address) address = canonical_address(AF_INET, inside);
    if (!address) return no_address;
    url.host = std::move(*address);
    url.host_is_address = true;
    rest.remove_prefix(end + 1);
    return std::nullopt;
}

error parse_plain_host(std::string_view& rest, relay_url& url) {
    const std::size_t end = std::min(rest.find_first_of(":/?#"), rest.size());
    const std::string_view host = rest.substr(0, end);
    const bool several_colons = rest.find(':') != rest.rfind(':');
    if (several_colons && rest.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos) {
        return relay_url_error{"an IPv6 address without brackets: where would the port begin?",
                               "[2001:db8::25] or [2001:db8::25]:587"};
    }
    if (host.empty()) return relay_url_error{"there is no host", "scheme://host or scheme://host:port"};

    if (auto address = canonical_address(AF_INET, host)) {
        url.host = std::move(*address);
        url.host_is_address = true;
    } else {
        const auto name = domain::parse(host);
        const std::string_view last_label = host.substr(host.rfind('.') + 1);
        if (!name || is_number(last_label)) {
            return relay_url_error{shown("the host", host) + " is neither a host name nor an address",
                                   "letters, digits, '-' and '.', as in mail.example.org"};
        }
        url.host = name->text();
    }
    rest.remove_prefix(end);
    return std::nullopt;
}

/// [":" port], and nothing behind it.
error parse_port(std::string_view rest, relay_url& url) {
    constexpr std::string_view instead = "a port from 1 to 65535 after the ':', and nothing after that";
    if (rest.empty()) return std::nullopt;
    if (rest.front() != ':')
        return relay_url_error{"there is something after the host", "scheme://host or scheme://host:port"};
    rest.remove_prefix(1);
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (rest.empty()) return relay_url_error{"the port after ':' is missing", std::string(instead)};
    if (digits == 0) return relay_url_error{"the port is no number", std::string(instead)};
    if (digits != rest.size()) return relay_url_error{"there is something after the port", "scheme://host:port"};
    const auto port = base::parse_number(rest);
    if (!port || *port == 0 || *port > std::numeric_limits<std::uint16_t>::max()) {
        const bool is_a_number_of_something_else = rest.size() > longest_port;  // of digits a password may be made
        return relay_url_error{
            (is_a_number_of_something_else ? "the port" : shown("the port", rest)) + std::string(" is out of range"),
            std::string(instead)};
    }
    url.port = static_cast<std::uint16_t>(*port);
    return std::nullopt;
}

error parse_after_scheme(std::string_view rest, const scheme& scheme, relay_url& url) {
    if (scheme.lmtp && rest.starts_with('/')) return parse_socket_path(rest, url);
    if (auto wrong = parse_label(rest, scheme, url)) return wrong;
    if (auto wrong = rest.starts_with('[') ? parse_bracketed_host(rest, url) : parse_plain_host(rest, url))
        return wrong;
    if (auto wrong = parse_port(rest, url)) return wrong;
    if (scheme.lmtp && !url.port)
        return relay_url_error{"LMTP has no port of its own", "lmtp://host:port, or lmtp:///path/to/socket"};
    return std::nullopt;
}

}  // namespace

std::uint16_t relay_url::effective_port() const noexcept {
    if (port) return *port;
    if (lmtp) return 0;  // a Unix socket; with a host the port is always written
    const bool implicit =
        security == transport_security::implicit || security == transport_security::implicit_or_starttls;
    return implicit ? 465 : 25;
}

std::string relay_url::text() const {
    const auto* const via = std::find_if(schemes.begin(), schemes.end(), [this](const scheme& scheme) {
        return scheme.lmtp == lmtp && (lmtp || scheme.security == security);
    });
    std::string text(via->name);
    text += "://";
    if (!socket_path.empty()) return text += socket_path;
    if (!label.empty()) text.append(label).append("@");
    const bool brackets = host.find(':') != std::string::npos;
    if (brackets) text += '[';
    text += host;
    if (brackets) text += ']';
    if (port) text.append(":").append(std::to_string(*port));
    return text;
}

std::variant<relay_url, relay_url_error> parse_relay_url(std::string_view text) {
    if (text.size() > max_url) {
        return relay_url_error{"a relay URL has at most " + std::to_string(max_url) + " bytes, this one has " +
                                   std::to_string(text.size()),
                               "scheme://host:port"};
    }
    if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; })) {
        return relay_url_error{"a relay URL has no blanks, control bytes or letters other than ASCII",
                               "an international name in its xn-- form"};
    }

    std::string name = "smtp";
    std::string_view rest = text;
    if (const std::size_t separator = text.find("://"); separator != std::string_view::npos) {
        name = base::to_lower(text.substr(0, separator));
        rest.remove_prefix(separator + 3);
    }
    const auto* const via =
        std::find_if(schemes.begin(), schemes.end(), [&](const scheme& scheme) { return scheme.name == name; });
    if (via == schemes.end()) return relay_url_error{shown("unknown scheme", name), suggest_scheme(name)};

    relay_url url;
    url.lmtp = via->lmtp;
    url.security = via->security;
    if (auto wrong = parse_after_scheme(rest, *via, url)) return *wrong;
    return url;
}

std::optional<relay_url_error> check_auth(const relay_url& url, bool has_auth_table) {
    if (!url.label.empty() && !has_auth_table) {
        return relay_url_error{"the label '" + url.label + "' has no table to be looked up in",
                               "auth <table> after the URL"};
    }
    if (url.label.empty() && has_auth_table) {
        if (url.lmtp) return relay_url_error{"LMTP has no login, so no auth table", "the action without auth"};
        return relay_url_error{"an auth table, but no label in the URL: mail would go without login",
                               "smtp+tls://label@host, where label is a key of that table"};
    }
    return std::nullopt;
}

namespace {

error check_tls(const relay_url& url, bool tls) {
    if (!tls) return std::nullopt;
    if (url.lmtp) return relay_url_error{"\"tls\" with LMTP, which has no TLS", "remove tls"};
    if (url.security == transport_security::never) {
        return relay_url_error{"\"tls\" with smtp+notls, which never uses it", "smtp+tls://, or remove tls"};
    }
    return std::nullopt;
}

}  // namespace

std::variant<relay_url, relay_url_error> usable_relay_url(std::string_view row, const relay_demands& demands) {
    auto parsed = parse_relay_url(row);
    const auto* const url = std::get_if<relay_url>(&parsed);
    if (url == nullptr) return parsed;
    if (auto wrong = check_auth(*url, demands.has_auth_table)) return std::move(*wrong);
    if (auto wrong = check_tls(*url, demands.tls)) return std::move(*wrong);
    return parsed;
}

std::string shown_relay_url(std::string_view row) {
    const auto parsed = parse_relay_url(row);
    if (const auto* const url = std::get_if<relay_url>(&parsed)) return url->text();
    std::string text;
    if (const std::size_t separator = row.find("://"); separator != std::string_view::npos) {
        const std::string name = base::to_lower(row.substr(0, separator));
        if (std::ranges::find(schemes, name, &scheme::name) != schemes.end()) text = name + "://";
    }
    return text + "*** (" + std::to_string(row.size()) + " bytes)";
}

}  // namespace waypost::mail
