// Delivers on this machine: to Maildirs, to mboxes, to commands, and to what aliases and .forwards name in their place.
//
// The agent decides, a delivery worker acts (the room delivery_worker): each envelope becomes one job, done under
// the identity of its user. A mail that was reported delivered is on stable storage. Different mailboxes are served
// beside each other, within `mda limit`; an mbox is written to by one at a time.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <variant>

#include "waypost/async/clock.hpp"
#include "waypost/async/event.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/delivery/settings.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/queue/mail_queue.hpp"
#include "waypost/queue/transport.hpp"
#include "waypost/table/services.hpp"

namespace waypost::delivery {

class worker_pool;
class keyed_mutex;
struct process_identity;

/// What the agent needs of the rest of the program. All of it outlives it.
struct dependencies {
    async::clock& clock;
    observe::log& log;
    async::thread_pool& io;
    queue::mail_queue& queue;
};

class local_agent final : public queue::transport {
public:
    local_agent(const async::executor& executor, dependencies context, std::shared_ptr<const settings> settings);
    /// With delivery workers of another make.
    local_agent(const async::executor& executor, dependencies context, std::shared_ptr<const settings> settings,
                std::unique_ptr<worker_pool> workers, const process_identity& self);
    ~local_agent() override;

    /// For mail that comes from now on; a delivery keeps the settings that it began with.
    void apply(std::shared_ptr<const settings> settings);
    void carry(queue::queued_message task) override;
    /// Begins nothing more, and waits so long for what is under way. What then is not done is not reported, and done
    /// again at the next start. The last delivery worker has ended when it returns.
    async::awaitable<> stop(std::chrono::seconds grace);

private:
    struct shared_message;
    struct work;
    using user = table::userinfo::value;

    async::awaitable<> deliver(std::shared_ptr<shared_message> what, spool::envelope envelope);
    /// Nothing where it was not begun, as the agent stops.
    async::awaitable<std::optional<mail::status>> attempt(shared_message& shared_message,
                                                          const spool::envelope& envelope);
    async::awaitable<std::optional<mail::status>> attempt_or_defer(shared_message& shared_message,
                                                                   const spool::envelope& envelope);
    async::awaitable<> until_idle();
    async::awaitable<std::variant<user, mail::status>> user_of(const action_settings& action,
                                                               const spool::envelope& envelope);
    async::awaitable<std::optional<unsigned>> group_of_spool(const settings& settings, const action_settings& action);
    async::awaitable<base::result<std::shared_ptr<const spool::content>>> content_of(shared_message& shared_message);

    dependencies context_;
    std::shared_ptr<const settings> settings_;
    std::unique_ptr<const process_identity> self_;
    std::unique_ptr<worker_pool> workers_;
    std::unique_ptr<keyed_mutex> mailboxes_;  // by path, those that one at a time writes to
    bool stopping_ = false;
    std::size_t acting_ = 0;  // jobs that delivery workers are at
    async::event idle_;  // no job is
    async::task_group deliveries_;
};

}  // namespace waypost::delivery
