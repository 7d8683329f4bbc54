// Carries mail to other hosts: to the relay URLs of an action, or to the MX hosts of a domain.
//
// A relay is what mail for one next hop shares: the tasks that wait and the sessions that drain them. Sessions are
// opened while more tasks wait than sessions are free, first one, then as many again as have succeeded, up to the
// limits; an idle one waits a while for more mail and then leaves. A relay to which no connection can be had defers
// what waits for it, and rests for a pause that grows; what comes meanwhile waits for the next attempt.
#pragma once

#include <map>
#include <memory>

#include "waypost/async/clock.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/dns/resolver.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/queue/mail_queue.hpp"
#include "waypost/queue/transport.hpp"
#include "waypost/relay/settings.hpp"

namespace waypost::relay {

/// What sessions need of the rest of the program. All of it outlives the engine.
struct surroundings {
    async::clock& clock;
    observe::log& log;
    dns::resolver& dns;
    queue::mail_queue& queue;
};

class counted;
class relay;

class engine final : public queue::transport {
public:
    engine(const async::executor& on, surroundings with, settings how);
    ~engine() override;

    void carry(queue::task what) override;
    /// Lets transactions under way end for as long as `grace`, then ends every session.
    async::awaitable<> stop(async::duration grace);

private:
    const std::shared_ptr<relay>& relay_for(const spool::next_hop& hop);
    void open_sessions(const std::shared_ptr<relay>& to);
    async::awaitable<> drain(std::shared_ptr<relay> of, std::unique_ptr<counted> connecting);
    async::awaitable<> retire_idle_sessions();
    async::awaitable<> watch_rest(std::shared_ptr<relay> of, std::unique_ptr<counted> resting);
    void fail_waiting(relay& of, const mail::status& why);
    void forget_if_done(const spool::next_hop& hop);

    async::executor executor_;
    surroundings with_;
    settings settings_;
    std::map<spool::next_hop, std::shared_ptr<relay>> relays_;
    async::task_group sessions_;
    async::task_group timekeeping_;
    bool retiring_ = false;  // retire_idle_sessions() runs: as long as there are relays
    bool stopping_ = false;
};

}  // namespace waypost::relay
