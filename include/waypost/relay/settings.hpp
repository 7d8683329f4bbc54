// What an administrator can set about mail that goes out.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "waypost/async/clock.hpp"
#include "waypost/mail/relay_url.hpp"
#include "waypost/mail/srs.hpp"
#include "waypost/net/endpoint.hpp"
#include "waypost/net/tls_context.hpp"
#include "waypost/relay/limits.hpp"
#include "waypost/table/table.hpp"

namespace waypost::relay {

/// The options of one `action ... relay`.
struct action_settings {
    std::string name;
    table::table* hosts = nullptr;  // `host`: relay URLs, fetched in turn
    bool ordered = false;           // the first of them that works, instead of all in turn
    table::table* by_domain = nullptr;  // `domain`: relay URLs by the recipient's domain
    // Neither: the MX hosts of the recipient's domain.
    std::optional<std::string> backup;  // `backup mx NAME`: only MX hosts that are better than this one
    table::table* credentials = nullptr;  // the `auth` table
    table::table* sources = nullptr;  // the `src` table
    std::string helo;  // empty: this host's name
    table::table* helo_names = nullptr;  // `helo-src`: names by source address
    std::optional<mail::transport_security> tls;  // `tls` / `tls no-verify` raise what the URL says
    std::shared_ptr<const net::tls_context> verified;  // with the action's own `ca` and `pki`, if any
    std::shared_ptr<const net::tls_context> unverified;  // for opportunistic TLS, and `tls no-verify`
    bool no_verify = false;
    /// `mail-from` (`as` in 2012): "user@domain", "@domain" or "user" replaces that part of the reverse-path.
    std::string mail_from;
    /// `srs`: forwarded mail leaves in our name; not where mail_from is set. Null: it leaves in its sender's.
    std::shared_ptr<const mail::srs> srs;
    /// Of `action ... lmtp`: a store of mailboxes, which knows the users by their names; not with `rcpt-to`.
    bool lmtp_user_only = false;

    [[nodiscard]] mail::relay_demands demands() const noexcept {
        return {.has_auth_table = credentials != nullptr, .tls = tls.has_value()};
    }
    /// What `tls` makes of a URL that would go in clear if it must; LMTP stays in this house.
    [[nodiscard]] mail::transport_security security_of(const mail::relay_url& url) const noexcept {
        const bool is_open = url.security == mail::transport_security::opportunistic && !url.lmtp;
        return tls && is_open ? *tls : url.security;
    }
};

struct time_limits {
    std::chrono::seconds connect{30};
    std::chrono::seconds handshake{60};
    std::chrono::seconds write{180};
};

struct settings {
    std::string host;  // names itself in EHLO
    std::vector<net::endpoint> listeners;  // where mail comes in here: an MX host at one of these is this host
    std::map<std::string, action_settings, std::less<>> actions;
    limit_book limits;
    /// Connections of all relays together; the daemon sets it by the number of files it may open.
    std::size_t most_open = 10'000;
    std::size_t max_deferred = 100;  // `mta max-deferred`: sent at once when a host works again
    time_limits times;
};

}  // namespace waypost::relay
