// A limit that several relays share. Who reaches it waits in its line (host_wait_queue.hpp).
//
// The scopes are drawn so that all relays in one line wait for the same: what keeps the first of them from opening a
// connection keeps all others from it too, and so the first alone needs to be asked. That is why the limits that count
// for a relay (`rules`; they differ by the recipient's domain) belong to the line.
#pragma once

#include <string>
#include <tuple>

#include "route.hpp"
#include "waypost/relay/limits.hpp"

namespace waypost::relay {

struct shared_limit {
    enum class scope {
        route,   // the window of a host, the attempts and connections of one route to it, pauses between these
        source,  // one of our addresses
        domain,
        whole,   // all connections together
    };

    scope kind = scope::whole;
    route path{};  // of a source only `from` counts
    std::string domain;
    const limits* rules = nullptr;  // not of the whole: it has one limit for all

    // By host first: what waits at a host stands together.
    [[nodiscard]] auto key() const { return std::tie(kind, path.target, path.source_address, domain, rules); }
    friend bool operator==(const shared_limit& a, const shared_limit& b) { return a.key() == b.key(); }
    friend auto operator<=>(const shared_limit& a, const shared_limit& b) { return a.key() <=> b.key(); }
};

}  // namespace waypost::relay
