// The resolver over c-ares, driven by the loop: its sockets are watched and its timers kept by Asio; it has no thread.
//
// The hosts file comes before the DNS, for addresses and for names. Answers are kept for as long as their TTL allows,
// and who asks what is already being asked waits for the same answer. A resolver may end with questions under way: they
// are answered with errc::unavailable. It must end before its loop and its clock do.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waypost/async/clock.hpp"
#include "waypost/dns/resolver.hpp"

namespace waypost::dns {

struct resolver_settings {
    std::vector<net::endpoint> servers;  // empty: those of resolv_conf
    std::string resolv_conf = "/etc/resolv.conf";  // read again when it has changed
    std::uint16_t port = 53;  // of the servers in it, which names none
    std::chrono::milliseconds timeout{5000};  // of the first try; each round over the servers doubles it
    int tries = 2;  // rounds
    bool rotate = false;  // each question begins with another server, not always with the first
};

/// "192.0.2.53", "192.0.2.53:5353" or "[2001:db8::53]:53".
[[nodiscard]] std::optional<net::endpoint> parse_server(std::string_view text);

/// Throws std::runtime_error when c-ares cannot be set up.
[[nodiscard]] std::unique_ptr<resolver> make_cares_resolver(const async::executor& executor, const async::clock& clock,
                                                            const resolver_settings& settings);

}  // namespace waypost::dns
