// What the relay room remembers of hosts, routes and sources: connections that are open, how the last ones went, and
// which routes back off until when. Bookkeeping only; the planner reads it, the engine writes it.
//
// Trouble is kept where it belongs. A host that cannot be reached, refuses us or says 421 is trouble of that route,
// whoever uses it; a certificate or a password that does not do is trouble of one relay on that route. A source that
// cannot be bound is trouble of the source. A session that comes up ends the back-off; only a message that is carried
// makes the next one short again, as a host may greet everybody and take nothing.
//
// Concurrency towards a host is the feedback of Postfix's scheduler: a window that begins at 5, grows by one with each
// message that the host takes and shrinks by one with each failure. Two domains with the same MX host share it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "route.hpp"
#include "waypost/async/backoff.hpp"
#include "waypost/mail/status.hpp"
#include "waypost/spool/message.hpp"

namespace waypost::relay {

/// A pause that grows with each failure in a row, and why.
struct backoff_record : async::backoff {
    mail::status because;
};

struct connection_counts {
    std::size_t open = 0;  // connections, those being opened included
    std::size_t connecting = 0;  // of these
    async::time_point last_opened = async::time_point::min();
    async::time_point last_closed = async::time_point::min();
    std::uint64_t turn = 0;  // the number of the last opening, over all: who has the lowest has waited longest

    [[nodiscard]] std::size_t ready() const noexcept { return open - connecting; }
};

struct host_record : connection_counts {
    std::size_t window = 5;
};

struct route_record : connection_counts {
    std::uint64_t id = 0;  // what `show routes` and `resume route` call it
    backoff_record backoff;
    mail::status last_error;  // kept when the trouble is over
    std::uint64_t connections = 0;  // since it is known
    std::uint64_t messages = 0;
    std::uint64_t errors = 0;
};

class ledger {
public:
    /// `told_at_once`: so many envelopes the queue sends after one word that a host is back.
    explicit ledger(std::size_t told_at_once = 100) : told_at_once_(told_at_once) {}

    /// What relays have had to do with certificates and passwords; the trouble of hosts stays.
    void forget_relay_backoffs() { relay_backoffs_.clear(); }
    void set_told_at_once(std::size_t envelopes) noexcept { told_at_once_ = envelopes; }

    // --- what happens. Each opened() is followed by one closed(); became_ready() may come between.
    void opened(const spool::next_hop& relay, const route& route, async::time_point now);
    void became_ready(const spool::next_hop& relay, const route& route, async::time_point now);
    void closed(const spool::next_hop& relay, const route& route, bool was_ready, async::time_point now);
    /// The host took a message, or refused it for reasons of the message.
    void carried(const route& route);
    void failed(const route& route, const mail::status& reason, async::time_point now);
    void failed_for(const spool::next_hop& relay, const route& route, const mail::status& reason,
                    async::time_point now);
    void source_failed(const source& source, const mail::status& reason, async::time_point now);
    /// The other address family of the same server was faster.
    void was_slow(const route& route, async::time_point now) { note_family(route, false, now); }
    /// The route carried a session for this relay up to its first transaction.
    void worked(const spool::next_hop& relay, const route& route, async::time_point now);
    /// So many envelopes of this relay were deferred because of the host: they are to hear when that changes.
    void remember_deferred(const spool::next_hop& relay, const host& host, std::size_t envelopes);
    /// Whose envelopes may go now that the host takes mail: each for some of them, and once a second at most.
    [[nodiscard]] std::vector<spool::next_hop> take_deferred(const host& host, async::time_point now);

    // --- what is known
    [[nodiscard]] const host_record& at(const host& host) const;
    [[nodiscard]] const route_record& along(const route& route) const;
    [[nodiscard]] const connection_counts& from(const source& source) const;
    [[nodiscard]] const connection_counts& connector(const spool::next_hop& relay, const source& source) const;
    [[nodiscard]] const connection_counts& of(const spool::next_hop& relay) const;
    [[nodiscard]] const connection_counts& towards(const std::string& domain) const;
    [[nodiscard]] std::size_t open() const noexcept { return open_; }
    /// The trouble that keeps this relay off this route longest, if any does now.
    [[nodiscard]] const backoff_record* backing_off(const spool::next_hop& relay, const route& route,
                                                    async::time_point now) const;
    /// IPv6 is tried first, unless it did not work lately and IPv4 did (RFC 8305 section 5.2).
    [[nodiscard]] bool prefers_ipv4(async::time_point now) const noexcept { return ipv4_works_ && now < avoid_ipv6_; }

    [[nodiscard]] const std::map<route, route_record>& routes() const noexcept { return routes_; }
    [[nodiscard]] const std::map<host, host_record>& hosts() const noexcept { return hosts_; }
    [[nodiscard]] const std::map<std::pair<spool::next_hop, route>, backoff_record>& relay_backoffs() const noexcept {
        return relay_backoffs_;
    }
    /// Ends every back-off of the route of this number. False if there is none.
    bool resume(std::uint64_t route_id);
    /// How far a walk through all of it has come.
    struct sweep {
        std::size_t map = 0;
        std::variant<std::monostate, host, route, source, spool::next_hop, std::pair<spool::next_hop, source>,
                     std::pair<spool::next_hop, route>, std::string>
            next;
    };
    /// Forgets what has been quiet since `moment`. What backs off or is open stays. Looks at `most` entries; true when
    /// it has seen all.
    bool forget_quiet_since(async::time_point moment, async::time_point now, sweep& progress, std::size_t most);

private:
    void note_family(const route& route, bool worked, async::time_point now);

    std::size_t told_at_once_;
    std::map<host, host_record> hosts_;
    std::map<route, route_record> routes_;
    std::map<source, connection_counts> sources_;
    std::map<source, backoff_record> source_backoffs_;
    std::map<std::pair<spool::next_hop, source>, connection_counts> connectors_;
    std::map<spool::next_hop, connection_counts> relays_;
    std::map<std::string, connection_counts, std::less<>> domains_;
    std::map<std::pair<spool::next_hop, route>, backoff_record> relay_backoffs_;
    struct waiting_mail {
        std::map<spool::next_hop, std::size_t> envelopes;
        async::time_point last_told = async::time_point::min();
    };
    std::map<host, waiting_mail> deferred_;
    std::size_t open_ = 0;
    std::uint64_t last_turn_ = 0;
    std::uint64_t last_route_id_ = 0;
    async::time_point avoid_ipv6_ = async::time_point::min();  // until then
    bool ipv4_works_ = false;
};

}  // namespace waypost::relay
