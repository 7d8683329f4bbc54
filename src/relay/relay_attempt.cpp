#include "relay_attempt.hpp"

#include <algorithm>

#include "waypost/queue/delivery_log.hpp"

namespace waypost::relay {

namespace {

// A session leaves after so many transactions when another relay waits for its place: enough to be worth a connection.
constexpr std::size_t fair_share = 10;

}  // namespace

// --- the connection

scheduler::relay_attempt::relay_attempt(scheduler& scheduler, relay_ptr mail_of, const open_session& decision)
    : scheduler_(scheduler),
      relay_(std::move(mail_of)),
      candidate_(relay_->resolver.hosts()[decision.candidate]),
      route_(decision.path),
      fallback_(decision.fallback),
      connecting_(std::in_place, relay_->connecting) {
    begin(route_);
}

scheduler::relay_attempt::~relay_attempt() {
    if (was_ready()) {
        const auto here = relay_->ready_at.find(candidate_.preference);
        if (--here->second == 0) relay_->ready_at.erase(here);
    }
    for (const route& each : begun_) {
        scheduler_.ledger_.closed(relay_->hop, each, was_ready(), scheduler_.context_.clock.now());
    }
}

void scheduler::relay_attempt::begin(const route& route) {
    scheduler_.ledger_.opened(relay_->hop, route, scheduler_.context_.clock.now());
    begun_.push_back(route);
}

void scheduler::relay_attempt::end(const route& route, bool was_ready) {
    scheduler_.ledger_.closed(relay_->hop, route, was_ready, scheduler_.context_.clock.now());
    std::erase(begun_, route);
}

bool scheduler::relay_attempt::begin_fallback() {
    if (!fallback_ || !is_usable(relay_->hop, *fallback_, scheduler_.ledger_, relay_->bounds,
                                 scheduler_.settings_.most_open, scheduler_.context_.clock.now())) {
        return false;
    }
    begin(*fallback_);
    return true;
}

void scheduler::relay_attempt::failed(const route& route, blame blame, const mail::status& status) {
    const auto now = scheduler_.context_.clock.now();
    end(route, false);
    if (blame == blame::route) scheduler_.ledger_.failed(route, status, now);
    if (blame == blame::relay) scheduler_.ledger_.failed_for(relay_->hop, route, status, now);
    if (blame == blame::source) scheduler_.ledger_.source_failed(route.source_address, status, now);
    relay_->last_error = status;
    scheduler_.context_.log.warn(
        "mta", "connect-failed",
        {{"relay", candidate_.url.text()},
         {"host", route.target.text()},
         {"source", route.source_address.is_unspecified() ? std::string() : route.source_address.to_string()},
         {"reason", status.line()}});
    scheduler_.place_freed(route, relay_->hop.domain);
}

void scheduler::relay_attempt::given_up(const route& route) {
    end(route, false);
    scheduler_.ledger_.was_slow(route, scheduler_.context_.clock.now());
    scheduler_.place_freed(route, relay_->hop.domain);
}

task_source& scheduler::relay_attempt::ready(const route& route) {
    route_ = route;
    scheduler_.ledger_.became_ready(relay_->hop, route, scheduler_.context_.clock.now());
    connecting_.reset();
    ready_.emplace(relay_->ready);
    ++relay_->ready_at[candidate_.preference];
    relay_->dismiss_worse_than(candidate_.preference);
    place_.emplace(scheduler_, relay_, route_, candidate_.preference);
    scheduler_.host_changed(route.target);
    scheduler_.unblock(*relay_);
    scheduler_.attend(relay_);
    return *place_;
}

/// A host may close a connection that was idle, and others when it likes; it is trouble when it says so, or before
/// anything was carried.
void scheduler::relay_attempt::lost(const mail::status& reason) {
    constexpr int service_not_available = 421;
    if (place_->was_idle()) return;
    if (place_->host_was_well() && reason.code() != service_not_available) return;
    scheduler_.ledger_.failed(route_, reason, scheduler_.context_.clock.now());
    relay_->last_error = reason;
}

// --- its work

scheduler::relay_task_source::relay_task_source(scheduler& scheduler, relay_ptr mail_of, const route& route,
                                                unsigned preference)
    : scheduler_(scheduler),
      relay_(std::move(mail_of)),
      route_(route),
      preference_(preference),
      not_asked_yet_(std::in_place, relay_->fresh) {}

bool scheduler::relay_task_source::must_make_room() const {
    return relay_->does_better_than(preference_) ||
           (carried_ >= fair_share && scheduler_.wait_queue_.someone_else_waits(route_, *relay_));
}

std::optional<queue::queued_message> scheduler::relay_task_source::take(std::size_t recipients) {
    not_asked_yet_.reset();
    if (must_make_room()) return std::nullopt;
    auto taken = relay_->take(recipients);
    if (taken) scheduler_.attend(relay_);
    return taken;
}

async::awaitable<bool> scheduler::relay_task_source::wait() {
    not_asked_yet_.reset();
    if (relay_->closing || relay_->does_better_than(preference_) ||
        scheduler_.wait_queue_.someone_else_waits(route_, *relay_))
        co_return false;
    if (!relay_->waiting.empty()) co_return true;
    idle_session mine(scheduler_.executor_, route_.target, scheduler_.context_.clock.now());
    mine.preference = preference_;
    relay_->idle.push_back(&mine);
    const idle_places::entry listed(scheduler_.idle_, *relay_, mine);
    // Cancelled while it waits, the session must not stay in the list.
    struct leaving {
        relay_queue& target;
        idle_session& session;
        ~leaving() {
            if (session.waiting) std::erase(target.idle, &session);
        }
    } const on_exit{*relay_, mine};
    while (mine.waiting) co_await mine.woken.wait();
    // Until it has taken the task that it was woken for, no other session is opened for that.
    if (mine.coming) not_asked_yet_.emplace(relay_->fresh);
    was_idle_ = true;
    co_return !mine.leave;
}

void scheduler::relay_task_source::give_back(queue::queued_message task) {
    if (scheduler_.stopping_) return;
    relay_->waiting.push_front(std::move(task));
    relay_->wake_one();
}

void scheduler::relay_task_source::settle(const std::shared_ptr<const spool::message>& message,
                                          const spool::envelope& envelope, const mail::status& status,
                                          const queue::carrier& carrier, bool takes_dsn) {
    ++(status.is_transient() ? relay_->deferred : relay_->carried);
    queue::log_delivery(scheduler_.context_.log, carrier, *message, envelope, status, scheduler_.context_.clock.wall());
    queue::outcome outcome = queue::outcome_of(status, std::string(carrier.relay));
    if (auto* passed_on = std::get_if<queue::delivered>(&outcome)) {
        passed_on->final = false;
        passed_on->dsn_passed = takes_dsn;
    }
    scheduler_.context_.queue.report(message, envelope, std::move(outcome));
}

void scheduler::relay_task_source::transaction_ended(bool host_is_well, const mail::status& status) {
    ++carried_;
    if (host_is_well) was_idle_ = false;
    if (!host_is_well) {
        relay_->last_error = status;
        return;
    }
    host_was_well_ = true;
    scheduler_.host_is_back(route_.target);
    const std::size_t before = scheduler_.ledger_.at(route_.target).window;
    scheduler_.ledger_.carried(route_);
    // A place more, if not for this relay then for one whose limit is higher.
    if (scheduler_.ledger_.at(route_.target).window > before) scheduler_.host_changed(route_.target);
}

async::awaitable<base::result<std::shared_ptr<const spool::content>>> scheduler::relay_task_source::content_of(
    std::shared_ptr<const spool::message> message) {
    return scheduler_.context_.queue.content_of(std::move(message));
}

}  // namespace waypost::relay
