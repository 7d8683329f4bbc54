#include "one_opening.hpp"

#include <algorithm>

#include "waypost/queue/delivery_log.hpp"

namespace waypost::relay {

namespace {

// A session leaves after so many transactions when another relay waits for its place: enough to be worth a connection.
constexpr std::size_t fair_share = 10;

}  // namespace

// --- the connection

scheduler::one_opening::one_opening(scheduler& of, relay_ptr mail_of, const open_session& how)
    : all_(of),
      relay_(std::move(mail_of)),
      who_(relay_->way.hosts()[how.who]),
      via_(how.via),
      instead_(how.instead),
      connecting_(std::in_place, relay_->connecting) {
    begin(via_);
}

scheduler::one_opening::~one_opening() {
    if (was_ready()) {
        const auto here = relay_->ready_at.find(who_.preference);
        if (--here->second == 0) relay_->ready_at.erase(here);
    }
    for (const route& each : begun_) {
        all_.ledger_.closed(relay_->hop, each, was_ready(), all_.with_.clock.now());
    }
}

void scheduler::one_opening::begin(const route& along) {
    all_.ledger_.opened(relay_->hop, along, all_.with_.clock.now());
    begun_.push_back(along);
}

void scheduler::one_opening::end(const route& along, bool was_ready) {
    all_.ledger_.closed(relay_->hop, along, was_ready, all_.with_.clock.now());
    std::erase(begun_, along);
}

bool scheduler::one_opening::begin_instead() {
    if (!instead_ || !is_usable(relay_->hop, *instead_, all_.ledger_, relay_->allowed, all_.settings_.most_open,
                                all_.with_.clock.now())) {
        return false;
    }
    begin(*instead_);
    return true;
}

void scheduler::one_opening::failed(const route& along, blame whose, const mail::status& why) {
    const auto now = all_.with_.clock.now();
    end(along, false);
    if (whose == blame::route) all_.ledger_.failed(along, why, now);
    if (whose == blame::relay) all_.ledger_.failed_for(relay_->hop, along, why, now);
    if (whose == blame::source) all_.ledger_.source_failed(along.from, why, now);
    relay_->last_trouble = why;
    all_.with_.log.warn("mta", "connect-failed",
                        {{"relay", who_.url.text()},
                         {"host", along.to.text()},
                         {"source", along.from.is_unspecified() ? std::string() : along.from.to_string()},
                         {"reason", why.line()}});
    all_.place_freed(along, relay_->hop.domain);
}

void scheduler::one_opening::given_up(const route& along) {
    end(along, false);
    all_.ledger_.was_slow(along, all_.with_.clock.now());
    all_.place_freed(along, relay_->hop.domain);
}

work& scheduler::one_opening::ready(const route& along) {
    via_ = along;
    all_.ledger_.became_ready(relay_->hop, along, all_.with_.clock.now());
    connecting_.reset();
    ready_.emplace(relay_->ready);
    ++relay_->ready_at[who_.preference];
    relay_->dismiss_worse_than(who_.preference);
    place_.emplace(all_, relay_, via_, who_.preference);
    all_.host_changed(along.to);
    all_.unblock(*relay_);
    all_.attend(relay_);
    return *place_;
}

/// A host may close a connection that was idle, and others when it likes; it is trouble when it says so, or before
/// anything was carried.
void scheduler::one_opening::lost(const mail::status& why) {
    constexpr int service_not_available = 421;
    if (place_->was_idle()) return;
    if (place_->host_was_well() && why.code() != service_not_available) return;
    all_.ledger_.failed(via_, why, all_.with_.clock.now());
    relay_->last_trouble = why;
}

// --- its work

scheduler::workplace::workplace(scheduler& of, relay_ptr mail_of, const route& via, unsigned preference)
    : all_(of),
      relay_(std::move(mail_of)),
      via_(via),
      preference_(preference),
      not_asked_yet_(std::in_place, relay_->fresh) {}

bool scheduler::workplace::must_make_room() const {
    return relay_->does_better_than(preference_) ||
           (carried_ >= fair_share && all_.wait_queue_.someone_else_waits(via_, *relay_));
}

std::optional<queue::task> scheduler::workplace::take(std::size_t recipients) {
    not_asked_yet_.reset();
    if (must_make_room()) return std::nullopt;
    auto taken = relay_->take(recipients);
    if (taken) all_.attend(relay_);
    return taken;
}

async::awaitable<bool> scheduler::workplace::wait() {
    not_asked_yet_.reset();
    if (relay_->closing || relay_->does_better_than(preference_) || all_.wait_queue_.someone_else_waits(via_, *relay_))
        co_return false;
    if (!relay_->waiting.empty()) co_return true;
    idle_session mine(all_.executor_, via_.to, all_.with_.clock.now());
    mine.preference = preference_;
    relay_->idle.push_back(&mine);
    const idle_places::entry listed(all_.idle_, *relay_, mine);
    // Cancelled while it waits, the session must not stay in the list.
    struct leaving {
        relay& of;
        idle_session& who;
        ~leaving() {
            if (who.waiting) std::erase(of.idle, &who);
        }
    } const on_exit{*relay_, mine};
    while (mine.waiting) co_await mine.woken.wait();
    // Until it has taken the task that it was woken for, no other session is opened for that.
    if (mine.coming) not_asked_yet_.emplace(relay_->fresh);
    was_idle_ = true;
    co_return !mine.leave;
}

void scheduler::workplace::give_back(queue::task what) {
    if (all_.stopping_) return;
    relay_->waiting.push_front(std::move(what));
    relay_->wake_one();
}

void scheduler::workplace::settle(const std::shared_ptr<const spool::message>& about, const spool::envelope& which,
                                  const mail::status& said, const queue::carrier& by, bool takes_dsn) {
    ++(said.is_transient() ? relay_->deferred : relay_->carried);
    queue::log_delivery(all_.with_.log, by, *about, which, said, all_.with_.clock.wall());
    queue::outcome outcome = queue::outcome_of(said, std::string(by.relay));
    if (auto* passed_on = std::get_if<queue::delivered>(&outcome)) {
        passed_on->final = false;
        passed_on->dsn_passed = takes_dsn;
    }
    all_.with_.queue.report(about, which, std::move(outcome));
}

void scheduler::workplace::transaction_ended(bool host_is_well, const mail::status& said) {
    ++carried_;
    if (host_is_well) was_idle_ = false;
    if (!host_is_well) {
        relay_->last_trouble = said;
        return;
    }
    host_was_well_ = true;
    all_.host_is_back(via_.to);
    const std::size_t before = all_.ledger_.at(via_.to).window;
    all_.ledger_.carried(via_);
    // A place more, if not for this relay then for one whose limit is higher.
    if (all_.ledger_.at(via_.to).window > before) all_.host_changed(via_.to);
}

async::awaitable<base::result<std::shared_ptr<const spool::content>>> scheduler::workplace::content_of(
    std::shared_ptr<const spool::message> about) {
    return all_.with_.queue.content_of(std::move(about));
}

}  // namespace waypost::relay
