// The delivery workers that there are: each acts under one identity, one job at a time.
//
// A delivery worker is acquired for a job and comes back with the object that stands for it. One that is free serves
// the next job of its identity; otherwise a new one is started, within two limits: so many of one identity, so many in
// all. Beyond them jobs wait, those of one identity in their order, and identities that lack a place take turns; a
// delivery worker that nobody needs gives its place to them, and one that has worked for long does too. Whoever waits
// is woken, none looks again and again.
//
// A user can stop a delivery worker of theirs, which then answers nothing and ends for no word of ours. It is looked
// for now and then and killed, so it holds its place for seconds.
//
// Invariant: places_ counts the processes that exist or are being started, and is never above its limit. A place is
// free again when the process has been reaped, so a delivery worker that was told to go still holds it.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string_view>

#include "start_worker.hpp"
#include "waypost/async/clock.hpp"
#include "waypost/async/event.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/async/semaphore.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/observe/log.hpp"
#include "worker_link.hpp"

namespace waypost::delivery {

struct worker_limits {
    std::size_t at_once = 50;
    std::size_t of_one = 7;
};

class worker_pool {
    struct worker;
    struct waiter;
    struct identity_workers;

public:
    struct dependencies {
        async::clock& clock;
        observe::log& log;
        async::thread_pool& io;
    };

    /// A delivery worker, ours until this ends.
    class worker_lease {
    public:
        worker_lease(worker_lease&& source) noexcept : pool_(source.pool_), worker_(std::move(source.worker_)) {}
        worker_lease& operator=(worker_lease&&) = delete;
        ~worker_lease();
        /// An answer, or why there is none; then the delivery worker is gone and a new one is to be acquired.
        async::awaitable<base::result<job_done>> act(job job, const spool::content* content);

    private:
        friend class worker_pool;
        worker_lease(worker_pool& pool, std::shared_ptr<worker> worker) : pool_(&pool), worker_(std::move(worker)) {}
        worker_pool* pool_;
        std::shared_ptr<worker> worker_;
    };

    worker_pool(const async::executor& executor, dependencies context, worker_limits limits,
                worker_starter start = start_worker);
    ~worker_pool();

    /// What is beyond them ends when it is idle.
    void set_limits(worker_limits limits);
    /// In its turn. An error where no delivery worker can be started.
    async::awaitable<base::result<worker_lease>> acquire(identity identity);
    /// All workers have been given back before. Returns when the last process has ended.
    async::awaitable<> stop();

    [[nodiscard]] std::size_t places_taken() const noexcept { return places_; }

private:
    class place;  // a process that is to be: given back if there will be none

    [[nodiscard]] std::shared_ptr<worker> take_idle(identity identity);
    [[nodiscard]] bool may_start(const identity_workers& identity_workers) const;
    async::awaitable<base::result<worker_lease>> wait_in_turn(identity user);
    async::awaitable<base::result<worker_lease>> start(place place);
    async::awaitable<std::shared_ptr<base::result<started_worker>>> begin(identity identity);
    async::awaitable<> watch(std::shared_ptr<worker> who);
    async::awaitable<> kill_after(std::shared_ptr<worker> worker);
    async::awaitable<> keep_time();

    void give_back(std::shared_ptr<worker> worker);
    void retire(const std::shared_ptr<worker>& worker);
    void retire_unneeded();
    void kill_stopped();
    void place_is_free(identity identity);
    void forget_if_gone(identity identity);
    void line_up(identity identity);
    void make_room();
    void serve_line();

    async::executor executor_;
    dependencies context_;
    worker_limits limits_;
    worker_starter start_;
    std::map<identity, identity_workers> of_identities_;
    std::deque<identity> line_;  // who lacks a place, each once
    std::list<std::shared_ptr<worker>> idle_;  // the longest idle first
    std::set<std::shared_ptr<worker>> workers_;
    std::size_t places_ = 0;
    std::size_t retiring_ = 0;  // of them, those that were told to go
    bool stopping_ = false;
    bool keeping_time_ = false;
    async::semaphore starting_;
    async::event place_freed_;
    async::task_group watching_;
};

}  // namespace waypost::delivery
