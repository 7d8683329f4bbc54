// The life of an envelope between the commit that accepted it and the row that is deleted.
//
// The queue offers what is due to the transport of its action, a bounded window for each next hop; the rest stays on
// disk until the window has room. Outcomes come back through report(): they become changes in the store and, where
// somebody must be told, a DSN, which is a new message like any other. One timer stands at the earliest moment that
// matters; nothing polls.
//
// Invariant: an envelope is in flight (handed to a transport) at most once at a time.
#pragma once

#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "waypost/async/clock.hpp"
#include "waypost/async/event.hpp"
#include "waypost/async/permits.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/queue/settings.hpp"
#include "waypost/queue/transport.hpp"
#include "waypost/spool/transaction.hpp"

namespace waypost::queue {

class reports;
class windows;
struct refill_order;

/// Where reports go: the rules say, as for any mail from this host. An empty list: nowhere, ever, and the report is
/// dropped. An error: not known now; the envelope that it is about is tried again later.
class report_router {
public:
    virtual ~report_router() = default;
    virtual async::awaitable<base::result<std::vector<spool::envelope>>> route(mail::mailbox recipient) = 0;
};

/// What is known of a next hop without asking the store.
struct hop_load {
    spool::next_hop hop;
    std::size_t in_flight = 0;
    bool more_on_disk = false;  // that is due
};

class mail_queue {
public:
    mail_queue(const async::executor& executor, spool::store& store, async::clock& time, observe::log& log,
               report_router& router, queue::settings settings);
    ~mail_queue();

    /// Mail of this action is carried by `transport`. `local` chooses the retry schedule. Called before start(),
    /// and after apply().
    void assign(std::string action, transport& transport, bool local);

    /// Goes on with other settings: they hold for each decision from now on. Every action is to be assigned anew,
    /// before anything else is done.
    void apply(queue::settings settings);
    /// Takes up what the store holds, and keeps the retry timer.
    void start();
    /// Ends the queue's own coroutines. Transports are stopped before.
    async::awaitable<> stop();

    /// A message is in the store; its first attempt begins. The receipt is the proof. To be called as soon as commit()
    /// has answered, before anything else is waited for: from then on the message also shows in what the store has due.
    void accepted(spool::receipt receipt);
    /// What became of an envelope that a transport was given.
    void report(const std::shared_ptr<const spool::message>& message, spool::envelope envelope, outcome outcome);

    /// A hop that had failed has carried something: up to settings::max_deferred of what was deferred for its host's
    /// sake goes at once, and more with each further success. Heard at most once a second for a hop, so that one that
    /// takes a little and fails again is not asked for ever. What a host has deferred by a reply keeps its time: that
    /// others get through says nothing about it (greylisting, a full mailbox).
    void host_recovered(const spool::next_hop& hop);

    /// The text of a message: from memory, or from the store.
    async::awaitable<base::result<std::shared_ptr<const spool::content>>> content_of(
        std::shared_ptr<const spool::message> message);

    /// Every hop that has mail in flight, or due. What waits for its time is not among them.
    [[nodiscard]] std::vector<hop_load> loads() const;
    [[nodiscard]] const queue::settings& settings() const noexcept { return settings_; }

private:
    struct assignment {
        queue::transport* transport = nullptr;
        bool local = false;
    };

    [[nodiscard]] std::shared_ptr<const spool::message> within_memory_budget(
        std::shared_ptr<const spool::message> message);
    void offer(spool::queued_message task);
    void tell_of_expansion(spool::queued_message task);
    void on_delivered(const std::shared_ptr<const spool::message>& message, spool::envelope envelope,
                      delivered outcome);
    void on_deferred(const std::shared_ptr<const spool::message>& message, spool::envelope envelope, deferred outcome);
    void on_failed(const std::shared_ptr<const spool::message>& message, spool::envelope envelope, failed outcome);
    [[nodiscard]] async::wall_time next_try_of(const spool::message& message, const spool::envelope& envelope) const;
    void settle(const spool::envelope& envelope, spool::change change);

    async::wall_time calendar();
    void begin_refills();
    async::awaitable<> refill(refill_order order);
    async::awaitable<base::result<std::vector<spool::queued_message>>> ask_for(const refill_order& order);
    async::awaitable<> keep_time();
    async::awaitable<base::error_code> look();
    async::awaitable<base::error_code> take_up(bool everything, async::wall_time start, async::wall_time now);
    async::awaitable<> wait_for_moment();
    void log_bug(std::exception_ptr bug);
    void store_said(base::error_code failed);

    spool::store& store_;
    async::clock& clock_;
    observe::log& log_;
    queue::settings settings_;
    async::permits content_budget_;
    std::map<std::string, assignment, std::less<>> assigned_;
    std::unique_ptr<windows> windows_;
    std::unique_ptr<reports> reports_;
    async::wall_time earliest_ = async::wall_time::max();  // at which a postponed envelope is due
    async::event timer_moved_;
    async::wall_time latest_seen_{};  // of the calendar
    bool everything_is_owed_ = true;  // the next look for what is due is at everything
    async::wall_time looked_{};  // what was due then has been asked for
    async::time_point looked_at_{};
    std::set<spool::next_hop> expedited_;  // since the moment below, which is a second ago at most
    async::time_point expedited_since_{};
    base::error_code store_failure_;
    bool stopping_ = false;
    async::task_group coroutines_;
};

}  // namespace waypost::queue
