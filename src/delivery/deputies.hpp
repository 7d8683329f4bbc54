// The deputies that there are: each acts under one identity, one job at a time.
//
// A deputy is hired for a job and comes back with the object that stands for it. One that is free serves the next job
// of its identity; otherwise a new one is started, within two limits: so many of one identity, so many in all. Beyond
// them jobs wait, those of one identity in their order, and identities that lack a place take turns; a deputy that
// nobody needs gives its place to them, and one that has worked for long does too. Whoever waits is woken, none looks
// again and again.
//
// A user can stop a deputy of theirs, which then answers nothing and ends for no word of ours. It is looked for now and
// then and killed, so it holds its place for seconds.
//
// Invariant: places_ counts the processes that exist or are being started, and is never above its limit. A place is
// free again when the process has been reaped, so a deputy that was told to go still holds it.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string_view>

#include "deputy_link.hpp"
#include "start_deputy.hpp"
#include "waypost/async/clock.hpp"
#include "waypost/async/event.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/observe/log.hpp"

namespace waypost::delivery {

struct deputy_limits {
    std::size_t at_once = 50;
    std::size_t of_one = 7;
};

class deputies {
    struct worker;
    struct waiter;
    struct crew;

public:
    struct surroundings {
        async::clock& clock;
        observe::log& log;
        async::workers& io;
    };

    /// A deputy, ours until this ends.
    class hired {
    public:
        hired(hired&& source) noexcept : pool_(source.pool_), worker_(std::move(source.worker_)) {}
        hired& operator=(hired&&) = delete;
        ~hired();
        /// An answer, or why there is none; then the deputy is gone and a new one is to be hired.
        async::awaitable<base::result<job_done>> act(job job, const spool::content* content);

    private:
        friend class deputies;
        hired(deputies& pool, std::shared_ptr<worker> deputy) : pool_(&pool), worker_(std::move(deputy)) {}
        deputies* pool_;
        std::shared_ptr<worker> worker_;
    };

    deputies(const async::executor& executor, surroundings context, deputy_limits limits,
             deputy_starter start = start_deputy);
    ~deputies();

    /// In its turn. An error where no deputy can be started.
    async::awaitable<base::result<hired>> hire(identity identity);
    /// Whoever hired has given back before. Returns when the last process has ended.
    async::awaitable<> stop();

    [[nodiscard]] std::size_t places_taken() const noexcept { return places_; }

private:
    class place;  // a process that is to be: given back if there will be none
    class thread_taken;

    [[nodiscard]] std::shared_ptr<worker> take_idle(identity identity);
    [[nodiscard]] bool may_start(const crew& crew) const;
    async::awaitable<base::result<hired>> wait_in_turn(identity user);
    async::awaitable<base::result<hired>> start(place place);
    async::awaitable<> mind(std::shared_ptr<worker> who);
    async::awaitable<> hurry(std::shared_ptr<worker> deputy);
    async::awaitable<> keep_time();

    void give_back(std::shared_ptr<worker> deputy);
    void dismiss(const std::shared_ptr<worker>& deputy);
    void dismiss_unneeded();
    void kill_stopped();
    void place_is_free(identity identity);
    void forget_if_gone(identity identity);
    void line_up(identity identity);
    void make_room();
    void serve_line();

    async::executor executor_;
    surroundings context_;
    deputy_limits limits_;
    deputy_starter start_;
    std::map<identity, crew> crews_;
    std::deque<identity> line_;  // who lacks a place, each once
    std::list<std::shared_ptr<worker>> idle_;  // the longest idle first
    std::set<std::shared_ptr<worker>> workers_;
    std::size_t places_ = 0;
    std::size_t leaving_ = 0;  // of them, those that were told to go
    bool stopping_ = false;
    bool keeping_time_ = false;
    std::size_t starting_ = 0;  // threads that are at it
    async::event started_;
    async::event place_freed_;
    async::task_group minding_;
};

}  // namespace waypost::delivery
