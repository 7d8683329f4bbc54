#include "relay_attempt.hpp"

#include <algorithm>

#include "waypost/queue/delivery_log.hpp"

namespace waypost::relay {

namespace {

// A session leaves after so many transactions when another relay waits for its place: enough to be worth a connection.
constexpr std::size_t fair_share = 10;

}  // namespace

// --- the connection

relay_engine::relay_attempt::relay_attempt(relay_engine& relay_engine, relay_ptr mail_of, const open_session& decision)
    : engine_(relay_engine),
      relay_(std::move(mail_of)),
      candidate_(relay_->resolver.hosts()[decision.candidate]),
      route_(decision.path),
      fallback_(decision.fallback),
      connecting_(std::in_place, relay_->connecting) {
    begin(route_);
}

relay_engine::relay_attempt::~relay_attempt() {
    if (was_ready()) {
        const auto here = relay_->ready_at.find(candidate_.preference);
        if (--here->second == 0) relay_->ready_at.erase(here);
    }
    for (const route& each : begun_) {
        engine_.ledger_.closed(relay_->hop, each, was_ready(), engine_.context_.clock.now());
    }
}

void relay_engine::relay_attempt::begin(const route& route) {
    engine_.ledger_.opened(relay_->hop, route, engine_.context_.clock.now());
    begun_.push_back(route);
}

void relay_engine::relay_attempt::end(const route& route, bool was_ready) {
    engine_.ledger_.closed(relay_->hop, route, was_ready, engine_.context_.clock.now());
    std::erase(begun_, route);
}

bool relay_engine::relay_attempt::begin_fallback() {
    if (!fallback_ || !is_usable(relay_->hop, *fallback_, engine_.ledger_, relay_->bounds, engine_.settings_->most_open,
                                 engine_.context_.clock.now())) {
        return false;
    }
    begin(*fallback_);
    return true;
}

void relay_engine::relay_attempt::failed(const route& route, blame blame, const mail::status& status) {
    const auto now = engine_.context_.clock.now();
    end(route, false);
    if (blame == blame::route) engine_.ledger_.failed(route, status, now);
    if (blame == blame::relay) engine_.ledger_.failed_for(relay_->hop, route, status, now);
    if (blame == blame::source) engine_.ledger_.source_failed(route.source_address, status, now);
    relay_->last_error = status;
    engine_.context_.log.warn(
        "mta", "connect-failed",
        {{"relay", candidate_.url.text()},
         {"host", route.target.text()},
         {"source", route.source_address.is_unspecified() ? std::string() : route.source_address.to_string()},
         {"reason", status.line()}});
    engine_.place_freed(route, relay_->hop.domain);
}

void relay_engine::relay_attempt::given_up(const route& route) {
    end(route, false);
    engine_.ledger_.was_slow(route, engine_.context_.clock.now());
    engine_.place_freed(route, relay_->hop.domain);
}

task_source& relay_engine::relay_attempt::ready(const route& route) {
    route_ = route;
    engine_.ledger_.became_ready(relay_->hop, route, engine_.context_.clock.now());
    connecting_.reset();
    ready_.emplace(relay_->ready);
    ++relay_->ready_at[candidate_.preference];
    relay_->dismiss_worse_than(candidate_.preference);
    place_.emplace(engine_, relay_, route_, candidate_.preference);
    engine_.host_changed(route.target);
    engine_.unblock(*relay_);
    engine_.attend(relay_);
    return *place_;
}

/// A host may close a connection that was idle, and others when it likes; it is trouble when it says so, or before
/// anything was carried.
void relay_engine::relay_attempt::lost(const mail::status& reason) {
    constexpr int service_not_available = 421;
    if (place_->was_idle()) return;
    if (place_->host_was_well() && reason.code() != service_not_available) return;
    engine_.ledger_.failed(route_, reason, engine_.context_.clock.now());
    relay_->last_error = reason;
}

// --- its work

relay_engine::relay_task_source::relay_task_source(relay_engine& relay_engine, relay_ptr mail_of, const route& route,
                                                   unsigned preference)
    : engine_(relay_engine),
      relay_(std::move(mail_of)),
      route_(route),
      preference_(preference),
      not_asked_yet_(std::in_place, relay_->fresh) {}

bool relay_engine::relay_task_source::must_make_room() const {
    return relay_->does_better_than(preference_) ||
           (carried_ >= fair_share && engine_.wait_queue_.someone_else_waits(route_, *relay_));
}

std::optional<queue::queued_message> relay_engine::relay_task_source::take(std::size_t recipients) {
    not_asked_yet_.reset();
    if (must_make_room()) return std::nullopt;
    auto taken = relay_->take(recipients);
    if (taken) engine_.attend(relay_);
    return taken;
}

async::awaitable<bool> relay_engine::relay_task_source::wait() {
    not_asked_yet_.reset();
    if (relay_->closing || relay_->does_better_than(preference_) ||
        engine_.wait_queue_.someone_else_waits(route_, *relay_))
        co_return false;
    if (!relay_->waiting.empty()) co_return true;
    idle_session mine(engine_.executor_, route_.target, engine_.context_.clock.now());
    mine.preference = preference_;
    relay_->idle.push_back(&mine);
    const idle_places::entry listed(engine_.idle_, *relay_, mine);
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

void relay_engine::relay_task_source::give_back(queue::queued_message task) {
    if (engine_.stopping_) return;
    relay_->waiting.push_front(std::move(task));
    relay_->wake_one();
}

void relay_engine::relay_task_source::settle(const std::shared_ptr<const spool::message>& message,
                                             const spool::envelope& envelope, const mail::status& status,
                                             const queue::carrier& carrier, bool takes_dsn) {
    ++(status.is_transient() ? relay_->deferred : relay_->carried);
    queue::log_delivery(engine_.context_.log, carrier, *message, envelope, status, engine_.context_.clock.wall());
    queue::outcome outcome = queue::outcome_of(status, std::string(carrier.relay));
    if (auto* passed_on = std::get_if<queue::delivered>(&outcome)) {
        passed_on->final = false;
        passed_on->dsn_passed = takes_dsn;
    }
    engine_.context_.queue.report(message, envelope, std::move(outcome));
}

void relay_engine::relay_task_source::transaction_ended(bool host_is_well, const mail::status& status) {
    ++carried_;
    if (host_is_well) was_idle_ = false;
    if (!host_is_well) {
        relay_->last_error = status;
        return;
    }
    host_was_well_ = true;
    engine_.host_is_back(route_.target);
    const std::size_t before = engine_.ledger_.at(route_.target).window;
    engine_.ledger_.carried(route_);
    // A place more, if not for this relay then for one whose limit is higher.
    if (engine_.ledger_.at(route_.target).window > before) engine_.host_changed(route_.target);
}

async::awaitable<base::result<std::shared_ptr<const spool::content>>> relay_engine::relay_task_source::content_of(
    std::shared_ptr<const spool::message> message) {
    return engine_.context_.queue.content_of(std::move(message));
}

}  // namespace waypost::relay
