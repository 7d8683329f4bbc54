// The relay URL: where mail goes next, how the way is protected, and under which label.
//
//     [scheme "://"] [label "@"] host [":" port]        host = name / IPv4 / "[" IPv6 "]"
//     "lmtp:///" path
//
// The label is a key of the action's `auth` table, never a secret itself. Schemes are case-insensitive; a missing one
// is `smtp`. Everything that is wrong is found here, when the configuration is loaded, and never at the time of
// delivery.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace waypost::mail {

enum class transport_security {
    opportunistic,   // smtp: STARTTLS if offered, unverified
    starttls,        // smtp+tls, tls, tls+auth: STARTTLS demanded, verified
    never,           // smtp+notls
    implicit,        // smtps, smtps+auth: TLS from the first byte, verified
    implicit_or_starttls,  // ssl, ssl+auth: implicit on 465, else STARTTLS on 25; verified
};

struct relay_url {
    bool lmtp = false;
    transport_security security = transport_security::opportunistic;
    std::string label;  // empty: none
    std::string host;   // without brackets; empty for a Unix socket
    bool host_is_address = false;
    std::optional<std::uint16_t> port;  // as written
    std::string socket_path;            // lmtp:///path

    /// The port written, or the scheme's.
    [[nodiscard]] std::uint16_t effective_port() const noexcept;
    /// The canonical form, as `config` prints it and the log's relay= has it. It holds no secret.
    [[nodiscard]] std::string text() const;
    friend bool operator==(const relay_url&, const relay_url&) = default;
};

/// What is wrong and what to write instead.
struct relay_url_error {
    std::string text;
    std::string hint;
};

[[nodiscard]] std::variant<relay_url, relay_url_error> parse_relay_url(std::string_view text);

/// Whether an action's `auth` table and a URL go together: a label needs a table, a table needs a label.
[[nodiscard]] std::optional<relay_url_error> check_auth(const relay_url& url, bool has_auth_table);

/// What an action demands of every relay URL that its tables hold.
struct relay_demands {
    bool has_auth_table = false;
    bool tls = false;  // mail never goes in clear
};

/// The one judgement of a row that names a relay: asked for each row when the configuration is loaded, and again for
/// each live one, because tables change.
[[nodiscard]] std::variant<relay_url, relay_url_error> usable_relay_url(std::string_view row,
                                                                        const relay_demands& demands);

/// A row as a log may show it: of one that is no relay URL the scheme and the length, as a password may be anywhere.
[[nodiscard]] std::string shown_relay_url(std::string_view row);

}  // namespace waypost::mail
