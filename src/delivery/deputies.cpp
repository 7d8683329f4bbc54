#include "deputies.hpp"

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <optional>
#include <utility>

#include "errc.hpp"
#include "waypost/base/exception_text.hpp"

namespace waypost::delivery {

namespace {

// Mail for one user often comes in bursts, and a process costs a millisecond; after that a deputy is only in the way.
constexpr std::chrono::seconds longest_idle{10};
constexpr std::chrono::seconds a_round{3};
// Strangers choose whose deputies are started, and starting one blocks a worker thread that also writes mail to disk.
// So no more than two threads ever do that; the others wait their turn.
constexpr std::size_t most_starting = 2;
// A deputy whose socket has ended tidies up and ends: it gets so long before it is killed.
constexpr std::chrono::seconds time_to_leave{5};
// While other identities lack a place, a deputy that is so old leaves after its job: old enough that starting processes
// costs little beside the jobs, young enough that nobody waits for long.
constexpr std::chrono::seconds longest_turn{2};

}  // namespace

struct deputies::worker {
    worker(const async::executor& executor, async::clock& time, identity identity, started_deputy started)
        : user(identity),
          began(time.now()),
          link(executor, time, std::move(started.socket)),
          process(executor, started.process.release()) {}

    identity user;
    async::time_point began;
    deputy_link link;
    boost::asio::posix::stream_descriptor process;
    async::time_point idle_since{};
    bool leaving = false;
    bool ended = false;
};

/// What becomes of it: a deputy that is free, or a place to start one in.
struct deputies::waiter {
    explicit waiter(const async::executor& executor) : called(executor) {}
    async::event called;
    std::shared_ptr<worker> deputy;
    bool has_place = false;
};

struct deputies::crew {
    std::size_t places = 0;
    bool in_line = false;
    std::deque<waiter*> waiting;
};

class deputies::place {
public:
    /// Taken already.
    place(deputies& pool, identity identity) : pool_(&pool), identity_(identity) {}
    place(place&& source) noexcept : pool_(std::exchange(source.pool_, nullptr)), identity_(source.identity_) {}
    place& operator=(place&&) = delete;
    ~place() {
        if (pool_ != nullptr) pool_->place_is_free(identity_);
    }
    [[nodiscard]] identity who() const noexcept { return identity_; }
    /// From now on the process holds it.
    void hand_over() noexcept { pool_ = nullptr; }

private:
    deputies* pool_;
    identity identity_;
};

class deputies::thread_taken {
public:
    explicit thread_taken(deputies& pool) : pool_(&pool) { ++pool_->starting_; }
    thread_taken(const thread_taken&) = delete;
    thread_taken& operator=(const thread_taken&) = delete;
    ~thread_taken() {
        --pool_->starting_;
        pool_->started_.notify();
    }

private:
    deputies* pool_;
};

deputies::hired::~hired() {
    if (worker_ != nullptr) pool_->give_back(std::move(worker_));
}

async::awaitable<base::result<job_done>> deputies::hired::act(job job, const spool::content* content) {
    return worker_->link.act(std::move(job), content);
}

deputies::deputies(const async::executor& executor, surroundings context, deputy_limits limits, deputy_starter start)
    : executor_(executor),
      context_(context),
      limits_(limits),
      start_(std::move(start)),
      started_(executor),
      place_freed_(executor),
      minding_(executor,
               [this](std::exception_ptr bug) { context_.log.error("mda", "bug", {{"what", base::text_of(bug)}}); }) {}

deputies::~deputies() = default;

async::awaitable<base::result<deputies::hired>> deputies::hire(identity identity) {
    if (stopping_) co_return errc::stopping;
    crew& mine = crews_[identity];
    if (!mine.waiting.empty()) co_return co_await wait_in_turn(identity);
    if (auto free = take_idle(identity)) co_return hired(*this, std::move(free));
    if (!may_start(mine)) co_return co_await wait_in_turn(identity);
    ++places_;
    ++mine.places;
    co_return co_await start(place(*this, identity));
}

std::shared_ptr<deputies::worker> deputies::take_idle(identity identity) {
    // The one that was busy last: the others may be idle for long enough to be dismissed.
    for (auto next = idle_.end(); next != idle_.begin();) {
        --next;
        if ((*next)->user != identity) continue;
        auto free = *next;
        next = idle_.erase(next);
        if (!is_stopped(free->process.native_handle())) return free;
        kill_deputy(free->process.native_handle());
        dismiss(free);
    }
    return nullptr;
}

bool deputies::may_start(const crew& crew) const {
    return line_.empty() && places_ < limits_.at_once && crew.places < limits_.of_one;
}

async::awaitable<base::result<deputies::hired>> deputies::wait_in_turn(identity user) {
    waiter me(executor_);
    crews_[user].waiting.push_back(&me);
    // Also where the wait is cancelled, and perhaps after it was answered.
    struct leave_line {
        deputies& pool;
        identity user;
        waiter& me;
        bool was_served = false;
        ~leave_line() {
            if (was_served) return;
            if (me.deputy != nullptr) {
                pool.give_back(std::move(me.deputy));
            } else if (me.has_place) {
                pool.place_is_free(user);
            } else {
                std::erase(pool.crews_[user].waiting, &me);
            }
        }
    };
    leave_line at_the_end{*this, user, me};
    line_up(user);
    while (me.deputy == nullptr && !me.has_place) co_await me.called.wait();
    at_the_end.was_served = true;
    if (me.deputy != nullptr) co_return hired(*this, std::move(me.deputy));
    co_return co_await start(place(*this, user));
}

async::awaitable<base::result<deputies::hired>> deputies::start(place place) {
    const identity who = place.who();
    auto begin = [how = start_, who] { return std::make_shared<base::result<started_deputy>>(how(who)); };
    while (starting_ >= most_starting) co_await started_.wait();
    std::optional<thread_taken> thread(std::in_place, *this);
    const auto made = co_await async::offload(context_.io, std::move(begin));
    thread.reset();
    if (made->has_error()) co_return made->error();
    auto fresh = std::make_shared<worker>(executor_, context_.clock, who, std::move(made->value()));
    place.hand_over();
    workers_.insert(fresh);
    if (!std::exchange(keeping_time_, true)) minding_.start(keep_time());
    minding_.start(mind(fresh));
    co_return hired(*this, std::move(fresh));
}

void deputies::give_back(std::shared_ptr<worker> deputy) {
    if (deputy->ended || deputy->leaving) return;
    auto& waiting = crews_[deputy->user].waiting;
    const bool others_wait = !line_.empty() && line_.front() != deputy->user;
    const bool tired = others_wait && deputy->began + longest_turn <= context_.clock.now();
    if (!deputy->link.is_usable() || stopping_ || tired) return dismiss(deputy);
    if (!waiting.empty()) {
        waiting.front()->deputy = std::move(deputy);
        waiting.front()->called.notify();
        waiting.pop_front();
        return;
    }
    deputy->idle_since = context_.clock.now();
    idle_.push_back(std::move(deputy));
    make_room();
}

void deputies::dismiss(const std::shared_ptr<worker>& deputy) {
    if (deputy->leaving) return;
    deputy->leaving = true;
    ++leaving_;
    deputy->link.close();
    minding_.start(hurry(deputy));
}

async::awaitable<> deputies::hurry(std::shared_ptr<worker> deputy) {
    co_await context_.clock.sleep_for(time_to_leave);
    if (!deputy->ended) kill_deputy(deputy->process.native_handle());
}

/// Until the process has ended, by our word or its own.
async::awaitable<> deputies::mind(std::shared_ptr<worker> who) {
    co_await who->process.async_wait(boost::asio::posix::descriptor_base::wait_read, async::as_result);
    const std::string how = bury_deputy(who->process.native_handle());
    if (!how.empty() && !who->leaving) {
        context_.log.warn("mda", "deputy-ended", {{"uid", who->user.uid}, {"gid", who->user.gid}, {"how", how}});
    }
    who->ended = true;
    if (who->leaving) --leaving_;
    idle_.remove(who);
    workers_.erase(who);
    place_is_free(who->user);
}

void deputies::place_is_free(identity identity) {
    --places_;
    --crews_[identity].places;
    line_up(identity);
    serve_line();
    forget_if_gone(identity);
    place_freed_.notify();
}

void deputies::forget_if_gone(identity identity) {
    const auto mine = crews_.find(identity);
    if (mine == crews_.end()) return;
    if (mine->second.places == 0 && mine->second.waiting.empty() && !mine->second.in_line) crews_.erase(mine);
}

void deputies::line_up(identity identity) {
    crew& mine = crews_[identity];
    if (mine.in_line || mine.waiting.empty() || mine.places >= limits_.of_one) return;
    mine.in_line = true;
    line_.push_back(identity);
    make_room();
}

void deputies::make_room() {
    while (!idle_.empty() && places_ + line_.size() > limits_.at_once + leaving_) {
        const auto longest = idle_.front();
        idle_.pop_front();
        dismiss(longest);
    }
}

/// One place each, then the next in line.
void deputies::serve_line() {
    while (!line_.empty() && places_ < limits_.at_once && !stopping_) {
        const identity who = line_.front();
        line_.pop_front();
        crew& mine = crews_[who];
        mine.in_line = false;
        forget_if_gone(who);
        if (!crews_.contains(who) || mine.waiting.empty() || mine.places >= limits_.of_one) continue;
        ++places_;
        ++mine.places;
        mine.waiting.front()->has_place = true;
        mine.waiting.front()->called.notify();
        mine.waiting.pop_front();
        line_up(who);
    }
}

/// Looks round while there are deputies, so that no job needs a timer of its own; no limit here is one to the second.
async::awaitable<> deputies::keep_time() {
    while (!workers_.empty()) {
        co_await context_.clock.sleep_for(a_round);
        dismiss_unneeded();
        kill_stopped();
        for (const auto& each : workers_) {
            if (each->link.is_overdue()) each->link.give_up();
        }
    }
    keeping_time_ = false;
}

void deputies::dismiss_unneeded() {
    const auto now = context_.clock.now();
    while (!idle_.empty() && idle_.front()->idle_since + longest_idle <= now) {
        const auto longest = idle_.front();
        idle_.pop_front();
        dismiss(longest);
    }
}

/// Its job, if it has one, fails as that of a deputy that died, and is done again.
void deputies::kill_stopped() {
    for (const auto& each : workers_) {
        if (is_stopped(each->process.native_handle())) kill_deputy(each->process.native_handle());
    }
}

async::awaitable<> deputies::stop() {
    stopping_ = true;
    for (const auto& each : workers_) dismiss(each);
    idle_.clear();
    while (places_ != 0) co_await place_freed_.wait();
    co_await minding_.stop();
}

}  // namespace waypost::delivery
