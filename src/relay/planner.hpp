// Decides what a relay does next when it has mail that no open session will take.
//
// The planner is arithmetic. It reads what is known of the hosts, the ledger, the limits and the time and answers with
// a decision; it opens nothing, sleeps nowhere and remembers nothing. The engine acts on the answer.
//
// Invariant: what comes with an answer other than open_session names everything that can change it: a moment, limits
// that are reached, or the DNS. So nothing ever polls.
#pragma once

#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "candidate.hpp"
#include "ledger.hpp"
#include "shared_limit.hpp"
#include "waypost/relay/limits.hpp"

namespace waypost::relay {

/// Connect now, along this route.
struct open_session {
    std::size_t candidate = 0;  // index of the candidate
    route path;
    std::optional<route> fallback;  // to the same server by the other address family, if `path` is slow (RFC 8305)
};
/// A limit is reached, or the DNS has not answered yet.
struct at_limit {
    struct line {
        shared_limit limit;                      // an event that concerns this limit may change the answer
        std::optional<async::time_point> until;  // so will this moment: a pause between connections ends
    };
    std::vector<line> lines;
    std::optional<async::time_point> or_at;  // a pause of the relay's own, or a back-off, ends
};
/// Every usable route is backing off after failures.
struct retry_at {
    async::time_point time;
    mail::status because;
};
/// There is no route at all.
struct give_up {
    mail::status because;
};
using decision = std::variant<open_session, at_limit, retry_at, give_up>;

struct session_request {
    const spool::next_hop& relay;
    std::span<const source> sources;   // in the order in which it is their turn
    std::span<const candidate> hosts;  // sorted by preference
};

/// Picks the least loaded usable route at the best preference. A worse preference serves only when every better host is
/// backing off or has no address (RFC 5321 section 5.1); a busy or unanswered better one is waited for, never bypassed.
/// What waits refers to `limits`, which is one object for all that it counts for.
/// `most_open` is the limit on connections of all relays together.
[[nodiscard]] decision decide(const session_request& request, const ledger& ledger, const limits& limits,
                              std::size_t most_open, async::time_point now);

/// Whether a connection may be opened along this one route now.
[[nodiscard]] bool is_usable(const spool::next_hop& relay, const route& route, const ledger& ledger,
                             const limits& limits, std::size_t most_open, async::time_point now);

}  // namespace waypost::relay
