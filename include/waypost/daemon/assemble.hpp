// The whole program on one page: builds every object by hand and passes references down. There is no other place where
// rooms meet, and no object that finds another by itself.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>

#include "waypost/async/clock.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/config/load/load.hpp"
#include "waypost/delivery/forward_reader.hpp"
#include "waypost/delivery/local_agent.hpp"
#include "waypost/dns/cares_resolver.hpp"
#include "waypost/inbound/report_routes.hpp"
#include "waypost/inbound/server.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/queue/mail_queue.hpp"
#include "waypost/relay/engine.hpp"
#include "waypost/spool/make_store.hpp"

namespace waypost::control {
class server;
}

namespace waypost::daemon {

class assembly {
public:
    /// Opens the spool and the listening sockets; throws std::runtime_error with a text for the administrator.
    assembly(boost::asio::io_context& loop, async::thread_pool& io, std::shared_ptr<config::generation> first);
    ~assembly();

    void start();
    /// Goes on with another configuration. Listeners that stay are kept open, new ones are opened, old ones close; what
    /// is under way ends as it began, and then the last generation is freed. Throws, and nothing has changed, where a
    /// new listener cannot be had. The directory and the reserve of the queue, the resolvers and the log stay those of
    /// the start, and a warning says so. Between start() and stop().
    void apply(std::shared_ptr<config::generation> next);
    /// Stops taking mail in and, at the same time, beginning local deliveries; then sending mail out. What is not
    /// finished waits in the spool for the next start.
    async::awaitable<> stop();

    [[nodiscard]] observe::log& log() noexcept { return log_; }

private:
    async::awaitable<> stop_clients_and_relay();
    void adopt(config::generation& next);
    void assign_actions();
    void warn_of_what_stays(const config::generation& next);

    // In the order in which mail passes them; each uses only what stands above it.
    std::shared_ptr<const config::generation> generation_;  // the one that what comes next begins with
    observe::log log_;
    async::real_clock clock_;
    std::unique_ptr<dns::resolver> dns_;
    delivery::forward_reader files_;
    spool::open_queue spool_;
    inbound::report_routes report_routes_;
    queue::mail_queue queue_;
    std::unique_ptr<relay::engine> relay_;
    delivery::local_agent local_;
    inbound::server inbound_;
    std::unique_ptr<control::server> control_;
    async::thread_pool& io_;
    async::task_group side_tasks_;  // what runs once a day
    bool stopping_ = false;
};

}  // namespace waypost::daemon
