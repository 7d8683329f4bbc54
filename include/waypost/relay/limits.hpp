// How much of us another host has to bear, and how much of the world we try at once: `mta limit`.
//
// OpenSMTPD's defaults (a connection per relay every 2 s, per route every 5 s) bound a relay at a few messages a
// second. Here no pause is kept between connections; courtesy comes from a window per host that begins small, grows
// with each message that is taken and shrinks with each failure, and from these ceilings.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

#include "waypost/async/clock.hpp"

namespace waypost::relay {

struct limits {
    // Connections at a time, those being opened included.
    std::size_t per_host = 20;   // what Postfix allows a destination, and what large providers bear
    std::size_t per_route = 20;  // a host sees one of our addresses as it sees one host
    std::size_t per_source = 1000;     // of ours; well under the 28,000 ports that Linux gives an address
    std::size_t per_connector = 100;   // a relay from one source: five hosts at their ceiling
    std::size_t per_relay = 100;       // the same without a choice of sources
    std::size_t per_domain = 100;      // a domain with many MX hosts must not become a way around per_host

    // Pauses between two connections being opened. None: the window does this better.
    async::duration host_delay{0};
    async::duration route_delay{0};
    async::duration source_delay{0};
    async::duration connector_delay{0};
    async::duration relay_delay{0};
    async::duration domain_delay{0};
    async::duration reconnect_delay{0};  // after a connection of the route has closed

    // A session.
    std::size_t messages = 1000;    // then the connection is renewed, so that load balancers can balance
    std::size_t recipients = 100;   // a transaction; RFC 5321 section 4.5.3.1.8: every server takes as many
    std::size_t failures = 25;      // recipients refused in a row: what else goes there, this host does not want now
    async::duration transaction_delay{0};
    async::duration keepalive = std::chrono::seconds(10);  // an idle session waits so long for more mail

    bool inet4 = true;
    bool inet6 = true;

    friend bool operator==(const limits&, const limits&) = default;
};

/// Limits by the domain of the recipients (`mta limit for domain D`); the rest has `general`.
struct limit_book {
    limits general;
    std::map<std::string, limits, std::less<>> by_domain;  // lower case

    [[nodiscard]] const limits& of(const std::string& domain) const {
        const auto found = by_domain.find(domain);
        return found == by_domain.end() ? general : found->second;
    }
};

}  // namespace waypost::relay
