// Carries mail to other hosts: to the relay URLs of an action, or to the MX hosts of a domain.
//
// A relay is what mail for one next hop shares. It opens sessions along as many routes (source to host) as its limits
// allow, every session works on one route, and what goes wrong is kept against that route alone; the relay drains down
// those that work. A relay without any defers what waits, and tries again after pauses that grow.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/queue/transport.hpp"
#include "waypost/relay/dependencies.hpp"
#include "waypost/relay/settings.hpp"

namespace waypost::relay {

// What `waypost show routes|relays|hosts` shows.

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

class engine : public queue::transport {
public:
    /// For mail that comes from now on. What waits, and every session, goes on with the settings that it began with.
    virtual void apply(std::shared_ptr<const settings> settings) = 0;
    /// Lets transactions under way end for as long as `grace`, then ends every session.
    virtual async::awaitable<> stop(async::duration grace) = 0;

    [[nodiscard]] virtual std::vector<route_view> routes() const = 0;
    [[nodiscard]] virtual std::vector<relay_view> relays() const = 0;
    [[nodiscard]] virtual std::vector<host_view> hosts() const = 0;
    /// Ends the back-off of a route. False if there is no route of this number.
    virtual bool resume_route(std::uint64_t id) = 0;
};

/// One that connects over TCP and Unix sockets. `settings` lives as long as somebody uses it.
[[nodiscard]] std::unique_ptr<engine> make_engine(const async::executor& executor, dependencies context,
                                                  std::shared_ptr<const settings> settings);

}  // namespace waypost::relay
