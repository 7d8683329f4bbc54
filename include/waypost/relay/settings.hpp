// What an administrator can set about mail that goes out.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "waypost/async/clock.hpp"
#include "waypost/mail/mailbox.hpp"
#include "waypost/mail/relay_url.hpp"
#include "waypost/net/tls_context.hpp"
#include "waypost/table/table.hpp"

namespace waypost::relay {

/// The options of one `action ... relay`.
struct action_settings {
    std::string name;
    table::table* hosts = nullptr;  // relay URLs, fetched in turn; null: the MX hosts of the recipient's domain
    table::table* credentials = nullptr;  // the `auth` table
    table::table* sources = nullptr;  // the `src` table
    std::string helo;  // empty: this host's name
    std::optional<mail::transport_security> tls;  // `tls` / `tls no-verify` raise what the URL says
    std::shared_ptr<const net::tls_context> verified;  // with the action's own `ca` and `pki`, if any
    std::shared_ptr<const net::tls_context> unverified;  // for opportunistic TLS, and `tls no-verify`
    bool no_verify = false;
    /// `mail-from` (`as` in 2012): "user@domain", "@domain" or "user" replaces that part of the reverse-path.
    std::string mail_from;
};

struct limits {
    /// To one relay. Twenty sessions of one smart host is what Postfix allows by default, and what large providers
    /// bear.
    std::size_t sessions_per_relay = 20;
    std::size_t messages_per_session = 1000;  // then the connection is renewed, so that load balancers can balance
    std::size_t recipients_per_transaction = 100;  // RFC 5321 section 4.5.3.1.8: every server takes as many
    /// Between attempts to connect to a relay that cannot be had. A wrong password must not become a failed login for
    /// each mail, which gets accounts locked; and a relay that was restarted should not be missed for longer than a
    /// minute.
    async::duration first_pause = std::chrono::seconds(1);
    async::duration longest_pause = std::chrono::seconds(60);
};

struct time_limits {
    std::chrono::seconds connect{30};
    std::chrono::seconds handshake{60};
    std::chrono::seconds write{180};
    std::chrono::seconds keepalive{10};  // an idle session waits so long for more mail
};

struct settings {
    std::string host;  // names itself in EHLO
    std::map<std::string, action_settings, std::less<>> actions;
    limits allowed;
    time_limits times;
};

}  // namespace waypost::relay
