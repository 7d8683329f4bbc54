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
    worker(const async::executor& on, async::clock& time, identity as, started_deputy made)
        : who(as), began(time.now()), link(on, time, std::move(made.socket)), process(on, made.process.release()) {}

    identity who;
    async::time_point began;
    deputy_link link;
    boost::asio::posix::stream_descriptor process;
    async::time_point idle_since{};
    bool leaving = false;
    bool ended = false;
};

/// What becomes of it: a deputy that is free, or a place to start one in.
struct deputies::waiter {
    explicit waiter(const async::executor& on) : called(on) {}
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
    place(deputies& from, identity who) : from_(&from), who_(who) {}
    place(place&& other) noexcept : from_(std::exchange(other.from_, nullptr)), who_(other.who_) {}
    place& operator=(place&&) = delete;
    ~place() {
        if (from_ != nullptr) from_->place_is_free(who_);
    }
    [[nodiscard]] identity who() const noexcept { return who_; }
    /// From now on the process holds it.
    void hand_over() noexcept { from_ = nullptr; }

private:
    deputies* from_;
    identity who_;
};

class deputies::thread_taken {
public:
    explicit thread_taken(deputies& from) : from_(&from) { ++from_->starting_; }
    thread_taken(const thread_taken&) = delete;
    thread_taken& operator=(const thread_taken&) = delete;
    ~thread_taken() {
        --from_->starting_;
        from_->started_.notify();
    }

private:
    deputies* from_;
};

deputies::hired::~hired() {
    if (who_ != nullptr) from_->give_back(std::move(who_));
}

async::awaitable<base::result<job_done>> deputies::hired::act(job what, const spool::content* content) {
    return who_->link.act(std::move(what), content);
}

deputies::deputies(const async::executor& on, surroundings with, deputy_limits how, deputy_starter start)
    : executor_(on),
      with_(with),
      limits_(how),
      start_(std::move(start)),
      started_(on),
      place_freed_(on),
      minding_(on, [this](std::exception_ptr bug) { with_.log.error("mda", "bug", {{"what", base::text_of(bug)}}); }) {}

deputies::~deputies() = default;

async::awaitable<base::result<deputies::hired>> deputies::hire(identity who) {
    if (stopping_) co_return errc::stopping;
    crew& mine = crews_[who];
    if (!mine.waiting.empty()) co_return co_await wait_in_turn(who);
    if (auto free = take_idle(who)) co_return hired(*this, std::move(free));
    if (!may_start(mine)) co_return co_await wait_in_turn(who);
    ++places_;
    ++mine.places;
    co_return co_await start(place(*this, who));
}

std::shared_ptr<deputies::worker> deputies::take_idle(identity who) {
    // The one that was busy last: the others may be idle for long enough to be dismissed.
    for (auto next = idle_.end(); next != idle_.begin();) {
        --next;
        if ((*next)->who != who) continue;
        auto free = *next;
        next = idle_.erase(next);
        if (!is_stopped(free->process.native_handle())) return free;
        kill_deputy(free->process.native_handle());
        dismiss(free);
    }
    return nullptr;
}

bool deputies::may_start(const crew& mine) const {
    return line_.empty() && places_ < limits_.at_once && mine.places < limits_.of_one;
}

async::awaitable<base::result<deputies::hired>> deputies::wait_in_turn(identity who) {
    waiter me(executor_);
    crews_[who].waiting.push_back(&me);
    // Also where the wait is cancelled, and perhaps after it was answered.
    struct leave_line {
        deputies& from;
        identity who;
        waiter& me;
        bool was_served = false;
        ~leave_line() {
            if (was_served) return;
            if (me.deputy != nullptr) {
                from.give_back(std::move(me.deputy));
            } else if (me.has_place) {
                from.place_is_free(who);
            } else {
                std::erase(from.crews_[who].waiting, &me);
            }
        }
    };
    leave_line at_the_end{*this, who, me};
    line_up(who);
    while (me.deputy == nullptr && !me.has_place) co_await me.called.wait();
    at_the_end.was_served = true;
    if (me.deputy != nullptr) co_return hired(*this, std::move(me.deputy));
    co_return co_await start(place(*this, who));
}

async::awaitable<base::result<deputies::hired>> deputies::start(place taken) {
    const identity who = taken.who();
    auto begin = [how = start_, who] { return std::make_shared<base::result<started_deputy>>(how(who)); };
    while (starting_ >= most_starting) co_await started_.wait();
    std::optional<thread_taken> thread(std::in_place, *this);
    const auto made = co_await async::offload(with_.io, std::move(begin));
    thread.reset();
    if (made->has_error()) co_return made->error();
    auto fresh = std::make_shared<worker>(executor_, with_.clock, who, std::move(made->value()));
    taken.hand_over();
    all_.insert(fresh);
    if (!std::exchange(keeping_time_, true)) minding_.start(keep_time());
    minding_.start(mind(fresh));
    co_return hired(*this, std::move(fresh));
}

void deputies::give_back(std::shared_ptr<worker> who) {
    if (who->ended || who->leaving) return;
    auto& waiting = crews_[who->who].waiting;
    const bool others_wait = !line_.empty() && line_.front() != who->who;
    const bool tired = others_wait && who->began + longest_turn <= with_.clock.now();
    if (!who->link.is_usable() || stopping_ || tired) return dismiss(who);
    if (!waiting.empty()) {
        waiting.front()->deputy = std::move(who);
        waiting.front()->called.notify();
        waiting.pop_front();
        return;
    }
    who->idle_since = with_.clock.now();
    idle_.push_back(std::move(who));
    make_room();
}

void deputies::dismiss(const std::shared_ptr<worker>& who) {
    if (who->leaving) return;
    who->leaving = true;
    ++leaving_;
    who->link.close();
    minding_.start(hurry(who));
}

async::awaitable<> deputies::hurry(std::shared_ptr<worker> who) {
    co_await with_.clock.sleep_for(time_to_leave);
    if (!who->ended) kill_deputy(who->process.native_handle());
}

/// Until the process has ended, by our word or its own.
async::awaitable<> deputies::mind(std::shared_ptr<worker> who) {
    co_await who->process.async_wait(boost::asio::posix::descriptor_base::wait_read, async::as_result);
    const std::string how = bury_deputy(who->process.native_handle());
    if (!how.empty() && !who->leaving) {
        with_.log.warn("mda", "deputy-ended", {{"uid", who->who.uid}, {"gid", who->who.gid}, {"how", how}});
    }
    who->ended = true;
    if (who->leaving) --leaving_;
    idle_.remove(who);
    all_.erase(who);
    place_is_free(who->who);
}

void deputies::place_is_free(identity whose) {
    --places_;
    --crews_[whose].places;
    line_up(whose);
    serve_line();
    forget_if_gone(whose);
    place_freed_.notify();
}

void deputies::forget_if_gone(identity who) {
    const auto mine = crews_.find(who);
    if (mine == crews_.end()) return;
    if (mine->second.places == 0 && mine->second.waiting.empty() && !mine->second.in_line) crews_.erase(mine);
}

void deputies::line_up(identity who) {
    crew& mine = crews_[who];
    if (mine.in_line || mine.waiting.empty() || mine.places >= limits_.of_one) return;
    mine.in_line = true;
    line_.push_back(who);
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
    while (!all_.empty()) {
        co_await with_.clock.sleep_for(a_round);
        dismiss_unneeded();
        kill_stopped();
        for (const auto& each : all_) {
            if (each->link.is_overdue()) each->link.give_up();
        }
    }
    keeping_time_ = false;
}

void deputies::dismiss_unneeded() {
    const auto now = with_.clock.now();
    while (!idle_.empty() && idle_.front()->idle_since + longest_idle <= now) {
        const auto longest = idle_.front();
        idle_.pop_front();
        dismiss(longest);
    }
}

/// Its job, if it has one, fails as that of a deputy that died, and is done again.
void deputies::kill_stopped() {
    for (const auto& each : all_) {
        if (is_stopped(each->process.native_handle())) kill_deputy(each->process.native_handle());
    }
}

async::awaitable<> deputies::stop() {
    stopping_ = true;
    for (const auto& each : all_) dismiss(each);
    idle_.clear();
    while (places_ != 0) co_await place_freed_.wait();
    co_await minding_.stop();
}

}  // namespace waypost::delivery
