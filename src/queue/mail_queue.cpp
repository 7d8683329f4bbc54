#include "waypost/queue/mail_queue.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <tuple>
#include <utility>

#include "reports.hpp"
#include "waypost/async/cancellation.hpp"
#include "waypost/base/exception_text.hpp"
#include "waypost/base/overloaded.hpp"
#include "waypost/spool/expansion_notice.hpp"
#include "windows.hpp"

namespace waypost::queue {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// A look for what has become due costs a query, so there is at most one a second.
constexpr seconds between_looks{1};
// The calendar may have been set meanwhile: then what sleeps longer would sleep wrongly.
constexpr minutes longest_sleep{10};
// The two clocks are not read at one instant, and a process may be stopped between.
constexpr seconds clock_slack{1};
constexpr seconds pause_after_store_error{5};

bool wants_failure(const mail::dsn_notify& notify) { return !notify.never && (!notify.specified || notify.failure); }
bool wants_delay(const mail::dsn_notify& notify) { return !notify.never && (!notify.specified || notify.delay); }
bool wants_success(const mail::dsn_notify& notify) { return notify.specified && notify.success; }

/// "96 hours", "45 minutes", "1 second": in the largest unit that does not hide much.
std::string length_text(async::duration length) {
    const auto text = [](auto count, std::string_view unit) {
        return std::to_string(count) + ' ' + std::string(unit) + (count == 1 ? "" : "s");
    };
    if (length < minutes(2)) return text(std::chrono::round<seconds>(length).count(), "second");
    if (length < std::chrono::hours(2)) return text(std::chrono::round<minutes>(length).count(), "minute");
    return text(std::chrono::round<std::chrono::hours>(length).count(), "hour");
}

}  // namespace

mail_queue::mail_queue(const async::executor& executor, spool::store& store, async::clock& time, observe::log& log,
                       report_router& router, queue::settings settings)
    : store_(store),
      clock_(time),
      log_(log),
      settings_(std::move(settings)),
      content_budget_(settings_.content_budget),
      windows_(std::make_unique<windows>(windows::limits{.window = settings_.window, .total = settings_.total})),
      timer_moved_(executor),
      coroutines_(executor, [this](std::exception_ptr bug) { log_bug(std::move(bug)); }) {
    reports_ = std::make_unique<reports>(
        reports::dependencies{store_, clock_, log_, router, settings_, coroutines_},
        [this](const spool::envelope& envelope, spool::change change) { settle(envelope, std::move(change)); },
        [this](spool::receipt receipt) { accepted(std::move(receipt)); });
}

mail_queue::~mail_queue() = default;

void mail_queue::assign(std::string action, transport& transport, bool local) {
    assigned_.insert_or_assign(std::move(action), assignment{&transport, local});
}

void mail_queue::apply(queue::settings settings) {
    settings_ = std::move(settings);
    content_budget_.set_limit(settings_.content_budget);
    windows_->set_limits({.window = settings_.window, .total = settings_.total});
    assigned_.clear();
}

void mail_queue::start() { coroutines_.start(keep_time()); }

async::awaitable<> mail_queue::stop() {
    stopping_ = true;
    co_await coroutines_.stop();
}

// --- mail on its way

void mail_queue::accepted(spool::receipt receipt) {
    if (stopping_) return;  // it is in the store, for the next start
    spool::queued_message fresh = std::move(receipt).kept();
    latest_seen_ = std::max(latest_seen_, fresh.message->arrived);
    std::ignore = calendar();
    const auto about = within_memory_budget(std::move(fresh.message));
    std::map<spool::next_hop, std::vector<spool::envelope>> by_hop;
    for (spool::envelope& each : fresh.envelopes) by_hop[each.hop].push_back(std::move(each));
    for (auto& [hop, envelopes] : by_hop) {
        auto admitted = windows_->admit(hop, std::move(envelopes));
        if (!admitted.empty()) offer({about, std::move(admitted)});
    }
    begin_refills();
}

std::shared_ptr<const spool::message> mail_queue::within_memory_budget(std::shared_ptr<const spool::message> message) {
    if (message->text == nullptr || message->text->in_file()) return message;
    if (auto paid = content_budget_.try_take(message->text->size())) {
        message->text->pay_with(std::move(paid));
        return message;
    }
    auto without = std::make_shared<spool::message>(*message);
    without->text = nullptr;
    return without;
}

void mail_queue::offer(spool::queued_message task) {
    if (spool::is_expansion_notice(task.envelopes.front().hop)) return tell_of_expansion(std::move(task));
    const std::string& action = task.envelopes.front().hop.action;
    if (const auto found = assigned_.find(action); found != assigned_.end()) {
        found->second.transport->carry(std::move(task));
        return;
    }
    // Perhaps it comes back with the next configuration.
    const auto said = mail::status::transient("4.3.5", "action " + action + " is not in the configuration");
    for (spool::envelope& each : task.envelopes)
        report(task.message, std::move(each), deferred{.status = said, .remote = {}});
}

void mail_queue::tell_of_expansion(spool::queued_message task) {
    const auto said = mail::status::success("2.1.5", "Expanded, and passed on to the addresses that it stands for");
    const auto now = calendar();
    for (spool::envelope& each : task.envelopes) {
        const spool::remove done{each.id};
        // Like mail it has its time; the try behind it is the last.
        const bool is_last = now >= each.expires;
        spool::change if_not = done;
        if (!is_last)
            if_not = spool::defer{each.id, each.tries + 1, each.warnings,
                                  std::min(next_try_of(*task.message, each), std::max(each.expires, now + seconds(1))),
                                  said};
        reports_->owe(task.message, mail::report_kind::expanded, {std::move(each), said, {}, done, std::move(if_not)});
    }
}

async::awaitable<base::result<std::shared_ptr<const spool::content>>> mail_queue::content_of(
    std::shared_ptr<const spool::message> message) {
    if (message->text != nullptr) co_return message->text;
    co_return co_await store_.load(message->id);
}

std::vector<hop_load> mail_queue::loads() const {
    std::vector<hop_load> all;
    for (const auto& [hop, load] : windows_->loads()) all.push_back({hop, load.in_flight, load.more_on_disk});
    return all;
}

// --- outcomes

void mail_queue::report(const std::shared_ptr<const spool::message>& message, spool::envelope envelope,
                        outcome outcome) {
    if (!windows_->in_flight(envelope)) {
        log_.error("queue", "bug",
                   {{"evpid", spool::to_string(envelope.id)}, {"result", "reported, but not in flight"}});
        return;
    }
    std::visit(base::overloaded{[&](delivered& was) { on_delivered(message, std::move(envelope), std::move(was)); },
                                [&](deferred& was) { on_deferred(message, std::move(envelope), std::move(was)); },
                                [&](failed& was) { on_failed(message, std::move(envelope), std::move(was)); }},
               outcome);
}

void mail_queue::on_delivered(const std::shared_ptr<const spool::message>& message, spool::envelope envelope,
                              delivered outcome) {
    const spool::remove done{envelope.id};
    if (outcome.dsn_passed || !wants_success(envelope.recipient.notify) || message->sender.address.is_null())
        return settle(envelope, done);
    const auto kind = outcome.final ? mail::report_kind::delivered : mail::report_kind::relayed;
    reports_->owe(message, kind,
                  {std::move(envelope), std::move(outcome.status), std::move(outcome.remote), done, done});
}

void mail_queue::on_deferred(const std::shared_ptr<const spool::message>& message, spool::envelope envelope,
                             deferred outcome) {
    const auto now = calendar();
    if (now >= envelope.expires) {
        const std::string text = "not delivered within " + length_text(envelope.expires - message->arrived) +
                                 "; last: " + outcome.status.line();
        log_.info("queue", "expired", {{"evpid", spool::to_string(envelope.id)}, {"result", outcome.status.line()}});
        return on_failed(message, std::move(envelope),
                         {mail::status::of(550, "4.4.7", text), std::move(outcome.remote)});
    }
    // A last try at the end of its time, whatever the schedule says.
    const auto until = std::min(next_try_of(*message, envelope), std::max(envelope.expires, now + seconds(1)));
    spool::defer later{envelope.id, envelope.tries + 1, envelope.warnings, until, outcome.status, outcome.for_host};
    spool::defer warned = later;
    while (warning_owed(settings_.warn_intervals, warned.warnings, message->arrived, until)) ++warned.warnings;
    if (warned.warnings == later.warnings) return settle(envelope, std::move(later));
    if (message->sender.address.is_null() || !wants_delay(envelope.recipient.notify))
        return settle(envelope, std::move(warned));
    reports_->owe(message, mail::report_kind::delayed,
                  {std::move(envelope), std::move(outcome.status), std::move(outcome.remote), std::move(warned),
                   std::move(later)});
}

void mail_queue::on_failed(const std::shared_ptr<const spool::message>& message, spool::envelope envelope,
                           failed outcome) {
    const spool::remove done{envelope.id};
    if (message->sender.address.is_null()) {
        log_.info("queue", "report-dropped",
                  {{"evpid", spool::to_string(envelope.id)},
                   {"rcpt", envelope.recipient.address.text()},
                   {"stat", outcome.status.line()},
                   {"result", "the sender is the null reverse-path"}});
        return settle(envelope, done);
    }
    if (!wants_failure(envelope.recipient.notify)) return settle(envelope, done);
    spool::defer again{envelope.id, envelope.tries + 1, envelope.warnings, next_try_of(*message, envelope),
                       outcome.status};
    reports_->owe(message, mail::report_kind::failed,
                  {std::move(envelope), std::move(outcome.status), std::move(outcome.remote), done, std::move(again)});
}

async::wall_time mail_queue::next_try_of(const spool::message& message, const spool::envelope& envelope) const {
    const auto found = assigned_.find(envelope.hop.action);
    const bool local = found != assigned_.end() && found->second.local;
    const auto base = local ? settings_.retry.local_base : settings_.retry.base;
    const auto now = clock_.wall();
    const auto moment = next_try(base, settings_.retry.longest, message.arrived, envelope.tries + 1, now);
    // Neighbours in a list stay together, to go in one transaction again.
    constexpr unsigned neighbours_bits = 7;
    const std::uint64_t seed = ((envelope.id.value() >> neighbours_bits) << 16) + envelope.tries;
    return spread(moment, now, settings_.retry.jitter_percent, seed);
}

// The change goes to the store before the envelope may be offered again: the store answers in this order.
void mail_queue::settle(const spool::envelope& envelope, spool::change change) {
    if (const auto* later = std::get_if<spool::defer>(&change); later != nullptr && later->until < earliest_) {
        earliest_ = later->until;
        timer_moved_.notify();
    }
    store_.apply(std::move(change));
    windows_->complete(envelope);
    begin_refills();
}

void mail_queue::host_recovered(const spool::next_hop& hop) {
    if (stopping_) return;
    if (clock_.now() >= expedited_since_ + between_looks) {
        expedited_.clear();
        expedited_since_ = clock_.now();
    }
    if (!expedited_.insert(hop).second) return;
    store_.apply(spool::expedite{hop, calendar(), settings_.max_deferred});
    windows_->on_disk(hop);
    begin_refills();
}

// --- what waits on disk

void mail_queue::begin_refills() {
    if (stopping_) return;
    while (auto next = windows_->next_refill()) coroutines_.start(refill(*std::move(next)));
}

/// The time of day. When it is earlier than a moment that was seen before it has been set back: mail that was due is
/// not due any more, and an answer of the store lacks it though nobody would ask again. Then everything is looked at.
async::wall_time mail_queue::calendar() {
    const auto now = clock_.wall();
    if (now < latest_seen_) {
        everything_is_owed_ = true;
        timer_moved_.notify();
    }
    latest_seen_ = now;
    return now;
}

async::awaitable<> mail_queue::refill(refill_order order) {
    auto found = co_await ask_for(order);
    store_said(found.has_error() ? found.error() : base::error_code());
    if (found.has_error()) {
        co_await clock_.sleep_for(pause_after_store_error);
        windows_->not_filled(order);
    } else {
        for (spool::queued_message& each : windows_->filled(order, std::move(*found))) offer(std::move(each));
    }
    begin_refills();
}

// A hop whose refill ended by an exception would wait for it until the next start.
async::awaitable<base::result<std::vector<spool::queued_message>>> mail_queue::ask_for(const refill_order& order) {
    try {
        co_return co_await store_.due(order.hop, calendar(), order.limit, order.known_ids);
    } catch (...) {
        if (async::is_cancellation(std::current_exception())) throw;
        log_bug(std::current_exception());
    }
    co_return spool::errc::unavailable;
}

void mail_queue::log_bug(std::exception_ptr bug) {
    log_.error("queue", "bug", {{"what", base::text_of(std::move(bug))}});
}

// A line when it begins and when it ends: every hop asks again and again.
void mail_queue::store_said(base::error_code failed) {
    if (failed == store_failure_) return;
    if (failed)
        log_.error("queue", "store", {{"result", failed.message()}});
    else
        log_.info("queue", "store", {{"result", "available again"}});
    store_failure_ = failed;
}

async::awaitable<> mail_queue::keep_time() {
    for (;;) {
        const auto failed = co_await look();
        store_said(failed);
        if (failed)
            co_await clock_.sleep_for(pause_after_store_error);
        else
            co_await wait_for_moment();
    }
}

async::awaitable<base::error_code> mail_queue::look() {
    const auto now = calendar();
    // It may be later than before and yet have been set back: mail need not wait longer for that.
    const auto passed = clock_.now() - looked_at_;
    if (now < looked_ + passed - clock_slack) everything_is_owed_ = true;
    looked_at_ = clock_.now();
    const bool everything = std::exchange(everything_is_owed_, false);
    base::error_code failed = spool::errc::unavailable;
    try {
        failed = co_await take_up(everything, looked_, now);
    } catch (...) {
        if (async::is_cancellation(std::current_exception())) throw;
        log_bug(std::current_exception());
    }
    if (failed)
        everything_is_owed_ |= everything;
    else
        looked_ = now;
    co_return failed;
}

async::awaitable<base::error_code> mail_queue::take_up(bool everything, async::wall_time start, async::wall_time now) {
    earliest_ = async::wall_time::max();  // what is postponed from here on lowers it again
    if (everything) store_.correct_times(now, now + settings_.retry.longest);
    auto hops = everything ? co_await store_.hops_due(now) : co_await store_.hops_due_since(start, now);
    if (hops.has_error()) co_return hops.error();
    for (const spool::next_hop& each : *hops) windows_->on_disk(each);
    begin_refills();
    auto next = co_await store_.next_due(now);
    if (next.has_error()) co_return next.error();
    if (next->has_value()) earliest_ = std::min(earliest_, **next);
    co_return base::error_code();
}

async::awaitable<> mail_queue::wait_for_moment() {
    using namespace boost::asio::experimental::awaitable_operators;
    const auto not_before = clock_.now() + between_looks;
    for (;;) {
        const async::duration left = std::min<async::duration>(earliest_ - clock_.wall(), longest_sleep);
        const auto when = everything_is_owed_ ? not_before : std::max(clock_.now() + left, not_before);
        co_await (clock_.sleep_until(when) || timer_moved_.wait());
        if (clock_.now() >= when) co_return;
    }
}

}  // namespace waypost::queue
