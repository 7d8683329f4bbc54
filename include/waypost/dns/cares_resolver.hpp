// The resolver over c-ares, driven by the loop: its sockets are watched and its timers kept by Asio; it has no thread.
//
// The hosts file comes before the DNS, for addresses and for names. A resolver may end with questions under way: they
// are answered with errc::unavailable. It must end before its loop does.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "waypost/dns/resolver.hpp"

namespace waypost::dns {

struct resolver_settings {
    std::vector<net::endpoint> servers;  // empty: the system's (/etc/resolv.conf)
    std::chrono::milliseconds timeout{5000};  // of the first try; each round over the servers doubles it
    int tries = 2;                            // rounds
};

/// Throws std::runtime_error when c-ares cannot be set up.
[[nodiscard]] std::unique_ptr<resolver> make_cares_resolver(const async::executor& on,
                                                            const resolver_settings& settings);

}  // namespace waypost::dns
