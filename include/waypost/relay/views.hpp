// What the relay room shows of itself: `waypost show routes|relays|hosts`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "waypost/async/clock.hpp"

namespace waypost::relay {

struct route_view {
    std::uint64_t id = 0;
    std::string source;  // empty: the kernel's choice
    std::string host;
    std::size_t open = 0;
    std::size_t connecting = 0;
    std::uint64_t connections = 0;
    std::uint64_t messages = 0;
    std::uint64_t errors = 0;
    std::string last_error;
    std::optional<async::duration> next_try;  // from now: the route backs off until then
    std::string for_relay;  // of trouble that only this relay has with the route
};

struct relay_view {
    std::string action;
    std::string domain;
    std::size_t waiting = 0;  // tasks in memory
    std::size_t connecting = 0;
    std::size_t open = 0;
    std::size_t idle = 0;
    std::uint64_t carried = 0;   // envelopes
    std::uint64_t deferred = 0;
    std::string last_error;
    std::optional<async::duration> next_try;
};

struct host_view {
    std::string host;
    std::size_t open = 0;
    std::size_t connecting = 0;
    std::size_t window = 0;  // so many connections at a time it bears, as far as we know
};

}  // namespace waypost::relay
