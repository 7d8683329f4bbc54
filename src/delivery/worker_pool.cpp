#include "worker_pool.hpp"

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <csignal>
#include <optional>
#include <utility>

#include "errc.hpp"
#include "waypost/base/exception_text.hpp"
#include "waypost/process/child.hpp"

namespace waypost::delivery {

namespace {

// Mail for one user often comes in bursts, and a process costs a millisecond; after that a delivery worker is only in
// the way.
constexpr std::chrono::seconds longest_idle{10};
constexpr std::chrono::seconds a_round{3};
// Strangers choose whose delivery workers are started, and starting one blocks a worker thread that also writes mail to
// disk. So no more than two threads ever do that; the others wait their turn.
constexpr std::size_t most_starting = 2;
// A delivery worker whose socket has ended tidies up and ends: it gets so long before it is killed.
constexpr std::chrono::seconds time_to_leave{5};
// While other identities lack a place, a delivery worker that is so old leaves after its job: old enough that starting
// processes costs little beside the jobs, young enough that nobody waits for long.
constexpr std::chrono::seconds longest_turn{2};

}  // namespace

struct worker_pool::worker {
    worker(const async::executor& executor, async::clock& time, identity identity, started_worker started)
        : user(identity),
          began(time.now()),
          link(executor, time, std::move(started.socket)),
          process(executor, started.pidfd.release()) {}

    identity user;
    async::time_point began;
    worker_link link;
    boost::asio::posix::stream_descriptor process;
    async::time_point idle_since{};
    bool leaving = false;
    bool ended = false;
};

/// What becomes of it: a delivery worker that is free, or a place to start one in.
struct worker_pool::waiter {
    explicit waiter(const async::executor& executor) : called(executor) {}
    async::event called;
    std::shared_ptr<worker> worker;
    bool has_place = false;
};

struct worker_pool::identity_workers {
    std::size_t places = 0;
    bool in_line = false;
    std::deque<waiter*> waiting;
};

class worker_pool::place {
public:
    /// Taken already.
    place(worker_pool& pool, identity identity) : pool_(&pool), identity_(identity) {}
    place(place&& source) noexcept : pool_(std::exchange(source.pool_, nullptr)), identity_(source.identity_) {}
    place& operator=(place&&) = delete;
    ~place() {
        if (pool_ != nullptr) pool_->place_is_free(identity_);
    }
    [[nodiscard]] identity who() const noexcept { return identity_; }
    /// From now on the process holds it.
    void hand_over() noexcept { pool_ = nullptr; }

private:
    worker_pool* pool_;
    identity identity_;
};

worker_pool::worker_lease::~worker_lease() {
    if (worker_ != nullptr) pool_->give_back(std::move(worker_));
}

async::awaitable<base::result<job_done>> worker_pool::worker_lease::act(job job, const spool::content* content) {
    return worker_->link.act(std::move(job), content);
}

worker_pool::worker_pool(const async::executor& executor, dependencies context, worker_limits limits,
                         worker_starter start)
    : executor_(executor),
      context_(context),
      limits_(limits),
      start_(std::move(start)),
      starting_(most_starting),
      place_freed_(executor),
      watching_(executor,
                [this](std::exception_ptr bug) { context_.log.error("mda", "bug", {{"what", base::text_of(bug)}}); }) {}

void worker_pool::set_limits(worker_limits limits) {
    limits_ = limits;
    std::vector<identity> known;
    for (const auto& [who, workers] : of_identities_) known.push_back(who);
    for (const identity& each : known) line_up(each);
    make_room();
    serve_line();
}

worker_pool::~worker_pool() = default;

async::awaitable<base::result<worker_pool::worker_lease>> worker_pool::acquire(identity identity) {
    if (stopping_) co_return errc::stopping;
    identity_workers& mine = of_identities_[identity];
    if (!mine.waiting.empty()) co_return co_await wait_in_turn(identity);
    if (auto free = take_idle(identity)) co_return worker_lease(*this, std::move(free));
    if (!may_start(mine)) co_return co_await wait_in_turn(identity);
    ++places_;
    ++mine.places;
    co_return co_await start(place(*this, identity));
}

std::shared_ptr<worker_pool::worker> worker_pool::take_idle(identity identity) {
    // The one that was busy last: the others may be idle for long enough to be dismissed.
    for (auto next = idle_.end(); next != idle_.begin();) {
        --next;
        if ((*next)->user != identity) continue;
        auto free = *next;
        next = idle_.erase(next);
        if (!process::is_stopped(free->process.native_handle())) return free;
        process::send_signal(free->process.native_handle(), SIGKILL);
        retire(free);
    }
    return nullptr;
}

bool worker_pool::may_start(const identity_workers& identity_workers) const {
    return line_.empty() && places_ < limits_.at_once && identity_workers.places < limits_.of_one;
}

async::awaitable<base::result<worker_pool::worker_lease>> worker_pool::wait_in_turn(identity user) {
    waiter me(executor_);
    of_identities_[user].waiting.push_back(&me);
    // Also where the wait is cancelled, and perhaps after it was answered.
    struct leave_line {
        worker_pool& pool;
        identity user;
        waiter& me;
        bool was_served = false;
        ~leave_line() {
            if (was_served) return;
            if (me.worker != nullptr) {
                pool.give_back(std::move(me.worker));
            } else if (me.has_place) {
                pool.place_is_free(user);
            } else {
                std::erase(pool.of_identities_[user].waiting, &me);
            }
        }
    };
    leave_line at_the_end{*this, user, me};
    line_up(user);
    while (me.worker == nullptr && !me.has_place) co_await me.called.wait();
    at_the_end.was_served = true;
    if (me.worker != nullptr) co_return worker_lease(*this, std::move(me.worker));
    co_return co_await start(place(*this, user));
}

async::awaitable<base::result<worker_pool::worker_lease>> worker_pool::start(place place) {
    const identity who = place.who();
    const auto made = co_await begin(who);
    if (made->has_error()) co_return made->error();
    auto fresh = std::make_shared<worker>(executor_, context_.clock, who, std::move(made->value()));
    place.hand_over();
    workers_.insert(fresh);
    if (!std::exchange(keeping_time_, true)) watching_.start(keep_time());
    watching_.start(watch(fresh));
    co_return worker_lease(*this, std::move(fresh));
}

async::awaitable<std::shared_ptr<base::result<started_worker>>> worker_pool::begin(identity identity) {
    const auto permit = co_await starting_.acquire();
    auto start = [how = start_, identity] { return std::make_shared<base::result<started_worker>>(how(identity)); };
    co_return co_await async::offload(context_.io, std::move(start));
}

void worker_pool::give_back(std::shared_ptr<worker> worker) {
    if (worker->ended || worker->leaving) return;
    auto& waiting = of_identities_[worker->user].waiting;
    const bool others_wait = !line_.empty() && line_.front() != worker->user;
    const bool tired = others_wait && worker->began + longest_turn <= context_.clock.now();
    if (!worker->link.is_usable() || stopping_ || tired) return retire(worker);
    if (!waiting.empty()) {
        waiting.front()->worker = std::move(worker);
        waiting.front()->called.notify();
        waiting.pop_front();
        return;
    }
    worker->idle_since = context_.clock.now();
    idle_.push_back(std::move(worker));
    make_room();
}

void worker_pool::retire(const std::shared_ptr<worker>& worker) {
    if (worker->leaving) return;
    worker->leaving = true;
    ++retiring_;
    worker->link.close();
    watching_.start(kill_after(worker));
}

async::awaitable<> worker_pool::kill_after(std::shared_ptr<worker> worker) {
    co_await context_.clock.sleep_for(time_to_leave);
    if (!worker->ended) process::send_signal(worker->process.native_handle(), SIGKILL);
}

/// Until the process has ended, by our word or its own.
async::awaitable<> worker_pool::watch(std::shared_ptr<worker> who) {
    co_await who->process.async_wait(boost::asio::posix::descriptor_base::wait_read, async::as_result);
    const auto ended = process::reap(who->process.native_handle());
    if (ended && !ended->is_success() && !who->leaving) {
        context_.log.warn("mda", "worker-ended",
                          {{"uid", who->user.uid}, {"gid", who->user.gid}, {"how", ended->text()}});
    }
    who->ended = true;
    if (who->leaving) --retiring_;
    idle_.remove(who);
    workers_.erase(who);
    place_is_free(who->user);
}

void worker_pool::place_is_free(identity identity) {
    --places_;
    --of_identities_[identity].places;
    line_up(identity);
    serve_line();
    forget_if_gone(identity);
    place_freed_.notify();
}

void worker_pool::forget_if_gone(identity identity) {
    const auto mine = of_identities_.find(identity);
    if (mine == of_identities_.end()) return;
    if (mine->second.places == 0 && mine->second.waiting.empty() && !mine->second.in_line) of_identities_.erase(mine);
}

void worker_pool::line_up(identity identity) {
    identity_workers& mine = of_identities_[identity];
    if (mine.in_line || mine.waiting.empty() || mine.places >= limits_.of_one) return;
    mine.in_line = true;
    line_.push_back(identity);
    make_room();
}

void worker_pool::make_room() {
    while (!idle_.empty() && places_ + line_.size() > limits_.at_once + retiring_) {
        const auto longest = idle_.front();
        idle_.pop_front();
        retire(longest);
    }
}

/// One place each, then the next in line.
void worker_pool::serve_line() {
    while (!line_.empty() && places_ < limits_.at_once && !stopping_) {
        const identity who = line_.front();
        line_.pop_front();
        identity_workers& mine = of_identities_[who];
        mine.in_line = false;
        forget_if_gone(who);
        if (!of_identities_.contains(who) || mine.waiting.empty() || mine.places >= limits_.of_one) continue;
        ++places_;
        ++mine.places;
        mine.waiting.front()->has_place = true;
        mine.waiting.front()->called.notify();
        mine.waiting.pop_front();
        line_up(who);
    }
}

/// Looks round while there are delivery workers, so that no job needs a timer of its own; no limit here is one to the
/// second.
async::awaitable<> worker_pool::keep_time() {
    while (!workers_.empty()) {
        co_await context_.clock.sleep_for(a_round);
        retire_unneeded();
        kill_stopped();
        for (const auto& each : workers_) {
            if (each->link.is_overdue()) each->link.give_up();
        }
    }
    keeping_time_ = false;
}

void worker_pool::retire_unneeded() {
    const auto now = context_.clock.now();
    while (!idle_.empty() && idle_.front()->idle_since + longest_idle <= now) {
        const auto longest = idle_.front();
        idle_.pop_front();
        retire(longest);
    }
}

/// Its job, if it has one, fails as that of a delivery worker that died, and is done again.
void worker_pool::kill_stopped() {
    for (const auto& each : workers_) {
        if (process::is_stopped(each->process.native_handle()))
            process::send_signal(each->process.native_handle(), SIGKILL);
    }
}

async::awaitable<> worker_pool::stop() {
    stopping_ = true;
    for (const auto& each : workers_) retire(each);
    idle_.clear();
    while (places_ != 0) co_await place_freed_.wait();
    co_await watching_.stop();
}

}  // namespace waypost::delivery
