// Carries mail to other hosts: to the relay URLs of an action, or to the MX hosts of a domain.
//
// A relay is what mail for one next hop shares. It opens sessions along as many routes (source to host) as its limits
// allow, every session works on one route, and what goes wrong is kept against that route alone; the relay drains down
// those that work. A relay without any defers what waits, and tries again after pauses that grow.
#pragma once

#include <memory>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/queue/transport.hpp"
#include "waypost/relay/dependencies.hpp"
#include "waypost/relay/settings.hpp"
#include "waypost/relay/views.hpp"

namespace waypost::relay {

class scheduler;
class socket_dialer;

class engine final : public queue::transport {
public:
    engine(const async::executor& executor, dependencies context, settings settings);
    ~engine() override;

    void carry(queue::queued_message task) override;
    /// Lets transactions under way end for as long as `grace`, then ends every session.
    async::awaitable<> stop(async::duration grace);

    [[nodiscard]] std::vector<route_view> routes() const;
    [[nodiscard]] std::vector<relay_view> relays() const;
    [[nodiscard]] std::vector<host_view> hosts() const;
    /// Ends the back-off of a route. False if there is no route of this number.
    bool resume_route(std::uint64_t id);

private:
    dependencies context_;
    settings settings_;
    std::unique_ptr<socket_dialer> dialer_;
    std::unique_ptr<scheduler> scheduler_;
};

}  // namespace waypost::relay
