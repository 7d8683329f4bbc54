#include "scheduler.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "one_opening.hpp"
#include "waypost/async/next_turn.hpp"
#include "waypost/base/exception_text.hpp"
#include "waypost/queue/delivery_log.hpp"

namespace waypost::relay {

namespace {

// Mail for a relay of which every route rests waits for so long in memory; beyond, the queue's schedule is better.
constexpr std::chrono::seconds longest_wait{60};
// Outcomes that are reported in one turn of the loop: each is a log line and a change in the store.
constexpr std::size_t most_reports_a_turn = 64;
// Relays that are looked at within a slice of the loop's time because of new mail or of news from the DNS: each may be
// made for it, ask the DNS or open a session, some 50 microseconds of work.
constexpr std::size_t most_relays_a_slice = 16;
constexpr std::chrono::milliseconds slice{2};

}  // namespace

scheduler::scheduler(const async::executor& on, const surroundings& with, const settings& how, crew& hands)
    : executor_(on),
      with_(with),
      settings_(how),
      us_(how.listeners, with.clock),
      crew_(hands),
      ledger_({}, how.max_deferred),
      alarms_(on, with.clock),
      wait_queue_(alarms_, [this](const shared_limit& line) { serve_line(line); }),
      sessions_(on, [this](std::exception_ptr bug) { with_.log.error("mta", "bug", {{"what", base::text_of(bug)}}); }),
      timekeeping_(on,
                   [this](std::exception_ptr bug) { with_.log.error("mta", "bug", {{"what", base::text_of(bug)}}); }) {}

scheduler::~scheduler() = default;

const scheduler::relay_ptr& scheduler::relay_for(const spool::next_hop& hop) {
    relay_ptr& slot = relays_[hop];
    if (slot == nullptr) {
        const auto on_news = [this, hop] {
            const auto found = relays_.find(hop);
            if (found == relays_.end()) return;
            unblock(*found->second);
            attend(relay_ptr(found->second));
        };
        slot = std::make_shared<relay>(with_, hop, settings_.actions.at(hop.action), settings_.allowed.of(hop.domain),
                                       settings_.host, on_news, &us_);
    }
    return slot;
}

void scheduler::carry(queue::task what) {
    if (stopping_) return;
    if (fresh_.empty() && has_time()) return take(std::move(what));
    fresh_.push_back(std::move(what));
    catch_up_soon();
}

/// Whether this turn may look at one more relay. A turn that is longer than a slice takes a slice's worth again.
bool scheduler::has_time() {
    const auto now = with_.clock.now();
    if (now - slice_began_ >= slice) {
        slice_began_ = now;
        seen_in_slice_ = 0;
    }
    return ++seen_in_slice_ <= most_relays_a_slice;
}

void scheduler::catch_up_soon() {
    if (catching_up_ == 0) timekeeping_.start(catch_up(std::make_unique<counted>(catching_up_)));
}

/// A message with a thousand recipients can come as a thousand tasks, and the DNS can answer as many questions at once:
/// a turn of the loop looks at a few of them.
async::awaitable<> scheduler::catch_up([[maybe_unused]] std::unique_ptr<counted> catching_up) {
    for (std::size_t seen = 0; !stopping_ && (!with_news_.empty() || !fresh_.empty()); ++seen) {
        if (seen == most_relays_a_slice) {
            co_await async::next_turn();
            seen = 0;
        }
        if (!with_news_.empty()) {
            const relay_ptr next = std::move(with_news_.front());
            with_news_.pop_front();
            unblock(*next);
            attend(next);
        } else {
            queue::task next = std::move(fresh_.front());
            fresh_.pop_front();
            take(std::move(next));
        }
    }
}

void scheduler::take(queue::task task) {
    if (!std::exchange(keeping_house_, true)) timekeeping_.start(keep_house());
    const relay_ptr to = relay_for(task.envelopes.front().hop);
    to->waiting.push_back(std::move(task));
    to->wake_one();
    attend(to);
    try_better(to);
}

// --- deciding

void scheduler::attend(const relay_ptr& to) {
    while (!stopping_ && !to->blocked && to->wants_session()) {
        ask_the_way(to);
        if (to->way.hosts().empty() || to->way.sources().empty()) {
            if (to->way.asking() || to->questions > 0) return;  // its news will bring us back
            return fail_waiting(*to, to->way.fault().value_or(mail::status::transient("4.4.4", "No host is known")));
        }
        if (!act(to, plan(*to))) return;
    }
}

/// While worse servers do, the mail sees whether a better one is back, and does not wait for that.
void scheduler::try_better(const relay_ptr& to) {
    if (stopping_ || to->connecting > 0 || !to->makes_do()) return;
    ask_the_way(to);
    const decision next = plan(*to);
    const auto* go = std::get_if<open_session>(&next);
    if (go != nullptr && to->way.hosts()[go->who].preference < to->ready_at.begin()->first) act(to, next);
}

decision scheduler::plan(const relay& of) const {
    return decide({.relay = of.hop, .from = of.way.sources(), .hosts = of.way.hosts()}, ledger_, of.allowed,
                  settings_.most_open, with_.clock.now());
}

/// True if a session is being opened, so that another one may be wanted.
bool scheduler::act(const relay_ptr& to, const decision& next) {
    if (const auto* go = std::get_if<open_session>(&next)) {
        // It may stand in lines all the same, where a better host is tried (try_better()).
        wait_queue_.leave(*to);
        wait_queue_.serve(*to);
        sessions_.start(serve(to, std::make_unique<one_opening>(*this, to, *go)));
        return true;
    }
    if (const auto* room = std::get_if<all_busy>(&next)) {
        wait_for_room(to, *room);
    } else if (const auto* later = std::get_if<come_back_at>(&next)) {
        to->last_trouble = later->because;
        if (later->when - with_.clock.now() > longest_wait) fail_waiting(*to, later->because);
        look_again_at(to, later->when);
    } else if (to->questions > 0) {
        to->blocked = true;  // the answer will bring us back
    } else {
        fail_waiting(*to, std::get<give_up>(next).because);
    }
    return false;
}

void scheduler::ask_the_way(const relay_ptr& to) {
    if (to->questions > 0 || !to->way.is_stale()) return;
    timekeeping_.start(find_the_way(to, std::make_unique<counted>(to->questions)));
}

async::awaitable<> scheduler::find_the_way(relay_ptr of, std::unique_ptr<counted> asking) {
    std::exception_ptr bug;
    try {
        co_await of->way.ask();
    } catch (...) {
        bug = std::current_exception();
    }
    for (const candidate& one : of->way.hosts()) {
        if (one.state != candidate::knowledge::nowhere) continue;
        with_.log.warn("mta", "no-address", {{"relay", one.url.text()}, {"reason", one.because.line()}});
    }
    asking.reset();
    with_news_.push_back(std::move(of));
    catch_up_soon();
    if (bug != nullptr) std::rethrow_exception(bug);
}

// --- acting

/// One session from its connection to its end, and what follows from that for the relay: also where the end is a bug of
/// ours, or others would wait for its place for ever.
async::awaitable<> scheduler::serve(relay_ptr of, std::unique_ptr<one_opening> what) {
    std::exception_ptr bug;
    try {
        co_await crew_.serve(*what);
    } catch (...) {
        bug = std::current_exception();
    }
    const bool was_ready = what->was_ready();
    const route via = what->via();
    what.reset();
    if (bug != nullptr && !stopping_) {
        // It would come back at once, and again.
        ledger_.failed_for(of->hop, via, mail::status::transient("4.3.0", "Internal error"), with_.clock.now());
    }
    session_ended(of, via, was_ready);
    if (bug != nullptr) std::rethrow_exception(bug);
}

void scheduler::session_ended(const relay_ptr& of, const route& via, bool was_ready) {
    if (!was_ready && of->ready == 0 && of->connecting == 0 && !stopping_) {
        const decision next = plan(*of);
        if (const auto* resting = std::get_if<come_back_at>(&next)) fail_waiting(*of, resting->because);
    }
    place_freed(via, of->hop.domain);
    // A limit of the relay's own has no line.
    unblock(*of);
    attend(of);
}

void scheduler::fail_waiting(relay& of, const mail::status& why) {
    of.last_trouble = why;
    std::size_t envelopes = 0;
    for (const queue::task& each : of.waiting) envelopes += each.envelopes.size();
    for (const candidate& one : of.way.hosts()) {
        for (const host& each : one.at) ledger_.remember_deferred(of.hop, each, envelopes);
    }
    of.deferred += envelopes;
    // The queue may be in the middle of handing us a task, so it hears of this in a later turn.
    if (!of.waiting.empty()) timekeeping_.start(report(std::exchange(of.waiting, {}), why));
}

async::awaitable<> scheduler::report(std::deque<queue::task> failed, mail::status why) {
    std::size_t reported = 0;
    for (queue::task& each : failed) {
        for (spool::envelope& envelope : each.envelopes) {
            if (++reported % most_reports_a_turn == 0) co_await async::next_turn();
            queue::log_delivery(with_.log, {.subsystem = "mta"}, *each.about, envelope, why, with_.clock.wall());
            with_.queue.report(each.about, std::move(envelope), queue::outcome_of(why, {}));
        }
    }
}

/// A host takes mail: what was deferred because of it need not wait for its schedule.
void scheduler::host_is_back(const host& at) {
    for (const spool::next_hop& each : ledger_.take_deferred(at, with_.clock.now())) with_.queue.works_again(each);
}

async::awaitable<> scheduler::stop(async::duration grace) {
    using namespace boost::asio::experimental::awaitable_operators;
    stopping_ = true;
    fresh_.clear();
    with_news_.clear();
    wait_queue_.clear();
    for (auto& [hop, each] : relays_) {
        each->waiting.clear();
        each->closing = true;
        each->dismiss_idle_since(async::time_point::max());
    }
    co_await (sessions_.join() || with_.clock.sleep_for(grace));
    co_await sessions_.stop();
    co_await timekeeping_.stop();
}

}  // namespace waypost::relay
