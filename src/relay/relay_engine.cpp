#include "relay_engine.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "relay_attempt.hpp"
#include "socket_dialer.hpp"
#include "waypost/async/next_turn.hpp"
#include "waypost/base/exception_text.hpp"
#include "waypost/queue/delivery_log.hpp"

namespace waypost::relay {

namespace {

// Mail for a relay of which every route backs off waits for so long in memory; beyond, the queue's schedule is better.
constexpr std::chrono::seconds longest_wait{60};
// Outcomes that are reported in one turn of the loop: each is a log line and a change in the store.
constexpr std::size_t most_reports_a_turn = 64;
// New mail for a relay that has a session takes some 5 microseconds; where one must be made, the DNS asked or a session
// opened, 50 or more, most of them in later handlers. So a turn of the loop looks at a few such relays, and otherwise
// at as much as it does in a millisecond.
constexpr std::size_t most_taken_at_once = 16;
constexpr std::size_t most_costly_a_turn = 16;
constexpr std::chrono::milliseconds longest_turn{1};

}  // namespace

relay_engine::relay_engine(const async::executor& executor, dependencies context,
                           std::shared_ptr<const settings> settings, std::unique_ptr<dialer> dialer)
    : executor_(executor),
      context_(context),
      settings_(std::move(settings)),
      self_(settings_->listeners, context.clock),
      dialer_(std::move(dialer)),
      ledger_(settings_->max_deferred),
      alarms_(executor, context.clock),
      wait_queue_(alarms_, [this](const shared_limit& line) { serve_line(line); }),
      sessions_(executor, [this](const std::exception_ptr& bug) { log_bug(bug); }),
      timekeeping_(executor, [this](const std::exception_ptr& bug) { log_bug(bug); }) {}

relay_engine::~relay_engine() = default;

relay_engine::relay_ptr relay_engine::relay_for(const spool::next_hop& hop,
                                                const std::shared_ptr<const settings>& pinned) {
    const relay_key key(hop, pinned.get());
    relay_ptr& slot = relays_[key];
    if (slot == nullptr) {
        const auto on_news = [this, key] {
            const auto found = relays_.find(key);
            if (found != relays_.end()) has_news(found->second);
        };
        slot = std::make_shared<relay_queue>(context_, hop, pinned, on_news, &self_);
        slot->closing = pinned != settings_;
    }
    return slot;
}

void relay_engine::apply(std::shared_ptr<const settings> settings) {
    settings_ = std::move(settings);
    self_.set_listeners(settings_->listeners);
    ledger_.set_told_at_once(settings_->max_deferred);
    ledger_.forget_relay_backoffs();  // a password or a certificate may be right now
    close_relays();
}

/// Their sessions leave when nothing waits for them any more.
void relay_engine::close_relays() {
    for (auto& [key, each] : relays_) {
        each->closing = true;
        each->dismiss_idle_since(async::time_point::max());
    }
}

/// What comes a little at a time is looked at where it comes.
void relay_engine::carry(queue::queued_message task) {
    if (stopping_) return;
    if (fresh_.empty() && taken_at_once_ < most_taken_at_once) {
        ++taken_at_once_;
        take({std::move(task), settings_});
    } else {
        fresh_.push_back({std::move(task), settings_});
    }
    if (taken_at_once_ == most_taken_at_once) catch_up_soon();
}

void relay_engine::has_news(const relay_ptr& relay) {
    if (!std::exchange(relay->has_news, true)) with_news_.push_back(relay);
    catch_up_soon();
}

void relay_engine::catch_up_soon() {
    if (catching_up_ == 0) timekeeping_.start(catch_up(std::make_unique<counted>(catching_up_)));
}

/// A message with a thousand recipients can come as a thousand tasks, and the DNS can answer as many questions at once:
/// a turn of the loop looks at as many as it has time for.
async::awaitable<> relay_engine::catch_up([[maybe_unused]] std::unique_ptr<counted> catching_up) {
    for (;;) {
        taken_at_once_ = 0;
        const auto end = context_.clock.now() + longest_turn;
        for (std::size_t costly = 0; costly < most_costly_a_turn && context_.clock.now() < end;) {
            const effort spent = look_at_next();
            if (spent == effort::none) co_return;
            if (spent == effort::much) ++costly;
        }
        co_await async::next_turn();
    }
}

/// A bug that one relay meets is not the others' affair.
relay_engine::effort relay_engine::look_at_next() {
    try {
        if (!with_news_.empty()) {
            const relay_ptr next = std::move(with_news_.front());
            with_news_.pop_front();
            next->has_news = false;
            unblock(*next);
            attend(next, after::answer);
            return effort::much;
        }
        if (fresh_.empty()) return effort::none;
        fresh_task next = std::move(fresh_.front());
        fresh_.pop_front();
        return take(std::move(next));
    } catch (...) {
        log_bug(std::current_exception());
        return effort::much;
    }
}

void relay_engine::log_bug(const std::exception_ptr& bug) const {
    context_.log.error("mta", "bug", {{"what", base::text_of(bug)}});
}

/// What a relay without a session goes on to ask and to open costs more than is seen here.
relay_engine::effort relay_engine::take(fresh_task fresh) {
    if (!std::exchange(keeping_house_, true)) timekeeping_.start(housekeeping());
    const relay_ptr to = relay_for(fresh.task.envelopes.front().hop, fresh.pinned);
    to->waiting.push_back(std::move(fresh.task));
    to->wake_one();
    attend(to);
    probe_better_host(to);
    return to->ready > 0 ? effort::little : effort::much;
}

// --- deciding

/// Behind an answer nothing is asked again, however old the answer has become: it is what the mail has waited for.
void relay_engine::attend(const relay_ptr& relay, after event) {
    while (!stopping_ && !relay->blocked && relay->wants_session()) {
        if (event != after::answer) resolve_next_hop_later(relay);
        if (relay->resolver.hosts().empty() || relay->resolver.sources().empty()) {
            if (relay->resolver.asking() || relay->questions > 0) return;  // its news will bring us back
            return fail_waiting(*relay,
                                relay->resolver.fault().value_or(mail::status::transient("4.4.4", "No host is known")));
        }
        if (!act(relay, plan(*relay))) return;
    }
}

/// While worse servers do, the mail sees whether a better one is back, and does not wait for that.
void relay_engine::probe_better_host(const relay_ptr& relay) {
    if (stopping_ || relay->connecting > 0 || !relay->on_backup_hosts()) return;
    resolve_next_hop_later(relay);
    const decision next = plan(*relay);
    const auto* go = std::get_if<open_session>(&next);
    if (go != nullptr && relay->resolver.hosts()[go->candidate].preference < relay->ready_at.begin()->first)
        act(relay, next);
}

decision relay_engine::plan(const relay_queue& relay) const {
    return decide({.relay = relay.hop, .sources = relay.resolver.sources(), .hosts = relay.resolver.hosts()}, ledger_,
                  relay.bounds, settings_->most_open, context_.clock.now());
}

/// True if a session is being opened, so that another one may be wanted.
bool relay_engine::act(const relay_ptr& relay, const decision& next) {
    if (const auto* go = std::get_if<open_session>(&next)) {
        // It may stand in lines all the same, where a better host is tried (probe_better_host()).
        wait_queue_.leave(*relay);
        wait_queue_.serve(*relay);
        sessions_.start(serve(relay, std::make_unique<relay_attempt>(*this, relay, *go)));
        return true;
    }
    if (const auto* room = std::get_if<at_limit>(&next)) {
        wait_for_room(relay, *room);
    } else if (const auto* later = std::get_if<retry_at>(&next)) {
        relay->last_error = later->because;
        if (later->time - context_.clock.now() > longest_wait) fail_waiting(*relay, later->because);
        look_again_at(relay, later->time);
    } else if (relay->questions > 0) {
        relay->blocked = true;  // the answer will bring us back
    } else {
        fail_waiting(*relay, std::get<give_up>(next).because);
    }
    return false;
}

void relay_engine::resolve_next_hop_later(const relay_ptr& relay) {
    if (relay->questions > 0 || !relay->resolver.is_stale()) return;
    timekeeping_.start(resolve_next_hop(relay, std::make_unique<counted>(relay->questions)));
}

async::awaitable<> relay_engine::resolve_next_hop(relay_ptr target, std::unique_ptr<counted> asking) {
    std::exception_ptr bug;
    try {
        co_await target->resolver.ask();
    } catch (...) {
        bug = std::current_exception();
    }
    for (const candidate& one : target->resolver.hosts()) {
        if (one.state != candidate::knowledge::nowhere) continue;
        context_.log.warn("mta", "no-address", {{"relay", one.url.text()}, {"reason", one.because.line()}});
    }
    asking.reset();
    has_news(target);
    if (bug != nullptr) std::rethrow_exception(bug);
}

// --- acting

/// One session from its connection to its end, and what follows from that for the relay: also where the end is a bug of
/// ours, or others would wait for its place for ever.
async::awaitable<> relay_engine::serve(relay_ptr relay, std::unique_ptr<relay_attempt> attempt) {
    std::exception_ptr bug;
    try {
        co_await dialer_->serve(*attempt);
    } catch (...) {
        bug = std::current_exception();
    }
    const bool was_ready = attempt->was_ready();
    const route via = attempt->via();
    attempt.reset();
    if (bug != nullptr && !stopping_) {
        // It would come back at once, and again.
        ledger_.failed_for(relay->hop, via, mail::status::transient("4.3.0", "Internal error"), context_.clock.now());
    }
    session_ended(relay, via, was_ready);
    if (bug != nullptr) std::rethrow_exception(bug);
}

void relay_engine::session_ended(const relay_ptr& relay, const route& route, bool was_ready) {
    if (!was_ready && relay->ready == 0 && relay->connecting == 0 && !stopping_) {
        const decision next = plan(*relay);
        if (const auto* backing_off = std::get_if<retry_at>(&next)) fail_waiting(*relay, backing_off->because);
    }
    place_freed(route, relay->hop.domain);
    hop_freed(relay);
}

/// A limit of the relay's own has no line. It is shared by those that earlier settings have left for the same hop.
void relay_engine::hop_freed(const relay_ptr& relay) {
    std::vector<relay_ptr> concerned;
    for (auto each = relays_.lower_bound({relay->hop, nullptr}); each != relays_.end(); ++each) {
        if (each->first.first != relay->hop) break;
        concerned.push_back(each->second);
    }
    for (const relay_ptr& each : concerned) {
        unblock(*each);
        attend(each);
    }
}

void relay_engine::fail_waiting(relay_queue& relay, const mail::status& reason) {
    relay.last_error = reason;
    std::size_t envelopes = 0;
    for (const queue::queued_message& each : relay.waiting) envelopes += each.envelopes.size();
    for (const candidate& one : relay.resolver.hosts()) {
        for (const host& each : one.hosts) ledger_.remember_deferred(relay.hop, each, envelopes);
    }
    relay.deferred += envelopes;
    // The queue may be in the middle of handing us a task, so it hears of this in a later turn.
    if (!relay.waiting.empty()) timekeeping_.start(report(std::exchange(relay.waiting, {}), reason));
}

async::awaitable<> relay_engine::report(std::deque<queue::queued_message> failed, mail::status reason) {
    std::size_t reported = 0;
    for (queue::queued_message& each : failed) {
        for (spool::envelope& envelope : each.envelopes) {
            if (++reported % most_reports_a_turn == 0) co_await async::next_turn();
            queue::log_delivery(context_.log, {.subsystem = "mta"}, *each.message, envelope, reason,
                                context_.clock.wall());
            context_.queue.report(each.message, std::move(envelope), queue::outcome_of(reason, {}));
        }
    }
}

/// A host takes mail: what was deferred because of it need not wait for its schedule.
void relay_engine::host_is_back(const host& host) {
    for (const spool::next_hop& each : ledger_.take_deferred(host, context_.clock.now()))
        context_.queue.host_recovered(each);
}

async::awaitable<> relay_engine::stop(async::duration grace) {
    using namespace boost::asio::experimental::awaitable_operators;
    stopping_ = true;
    fresh_.clear();
    with_news_.clear();
    wait_queue_.clear();
    close_relays();
    for (const auto& [key, each] : relays_) each->waiting.clear();
    co_await (sessions_.join() || context_.clock.sleep_for(grace));
    co_await sessions_.stop();
    co_await timekeeping_.stop();
}

std::unique_ptr<engine> make_engine(const async::executor& executor, dependencies context,
                                    std::shared_ptr<const settings> settings) {
    return std::make_unique<relay_engine>(executor, context, std::move(settings),
                                          std::make_unique<socket_dialer>(executor, context));
}

}  // namespace waypost::relay
