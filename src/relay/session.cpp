#include "session.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <iterator>

#include "sender.hpp"
#include "splitting.hpp"

namespace waypost::relay {

namespace {

/// What a server with LIMITS (RFC 9422) asks for, where that is less than ours.
session_limits within(session_limits own_limits, const smtp::extensions& offered) {
    const auto lower = [](std::size_t& own_limit, const std::optional<std::uint64_t>& configured) {
        if (configured && *configured < own_limit) own_limit = static_cast<std::size_t>(*configured);
    };
    lower(own_limits.messages, offered.max_mails);
    lower(own_limits.recipients, offered.max_recipients);
    return own_limits;
}

}  // namespace

session::session(task_source& work, const action_settings& settings, connection& connection, session_limits limits)
    : work_(work), action_(settings), connection_(connection), limits_(within(limits, connection.offered())) {}

async::awaitable<> session::run() {
    while (!lost_) {
        co_await fill();
        // A reply although nothing is under way is a good-bye, or worse: the connection has no future.
        if (under_way_.empty() && !connection_.has_reply_at_hand()) {
            if (connection_.has_ended() || is_spent() || !co_await work_.wait()) break;
            was_idle_ = true;
            continue;
        }
        const auto pause = co_await connection_.pump();
        if (const auto* done = std::get_if<smtp::transaction_done>(&pause)) {
            settle_oldest(done->statuses);
            continue;
        }
        // Ended from our side, with the engine: the mail is still due in the store, and nothing has gone wrong with it.
        const auto mine = co_await boost::asio::this_coro::cancellation_state;
        if (mine.cancelled() != boost::asio::cancellation_type::none) co_return;
        const auto* failed = std::get_if<smtp::session_failed>(&pause);
        abandon(failed != nullptr
                    ? failed->status
                    : mail::status::transient("4.4.2", "The session ended in the middle of a transaction"));
    }
    co_await leave();
}

async::awaitable<> session::leave() {
    for (; !split_off_.empty(); split_off_.pop_back()) work_.give_back(std::move(split_off_.back()));
    if (lost_) co_return;
    connection_.quit();
    co_await connection_.pump();
}

bool session::is_spent() const noexcept { return begun_ >= limits_.messages || failures_ >= limits_.max_failures; }

bool session::may_begin() const noexcept {
    const bool may_overlap = limits_.transaction_delay == async::duration::zero();
    return !is_spent() && connection_.has_room() && (under_way_.empty() || may_overlap);
}

/// Nothing is written here: whatever begins goes with the next flight.
async::awaitable<> session::fill() {
    while (may_begin()) {
        auto next = next_task();
        if (!next) co_return;
        if (carried_ > 0 && limits_.transaction_delay > async::duration::zero()) {
            co_await connection_.clock().sleep_for(limits_.transaction_delay);
        }
        co_await begin(std::move(*next));
    }
}

std::optional<queue::queued_message> session::next_task() {
    std::optional<queue::queued_message> next;
    if (split_off_.empty()) {
        next = work_.take(limits_.recipients);
    } else {
        next = std::move(split_off_.front());
        split_off_.pop_front();
    }
    if (!next) return next;
    if (action_.srs != nullptr) {
        keep(split_by_sender(*next, [&](const spool::envelope& envelope) { return sender(*next->message, envelope); }));
    }
    if (!connection_.offered().max_recipient_domains) return next;
    keep(split_by_domain(*next, static_cast<std::size_t>(*connection_.offered().max_recipient_domains)));
    return next;
}

/// To be carried next, by this session.
void session::keep(queue::queued_message task) {
    if (!task.envelopes.empty()) split_off_.push_front(std::move(task));
}

async::awaitable<> session::begin(queue::queued_message task) {
    auto content = co_await readable_content_of(task.message);
    if (content.has_error()) {
        for (const spool::envelope& each : task.envelopes)
            settle(task, each, smtp_io::unreadable_here(content.error()));
        co_return;
    }
    connection_.begin(transaction(task), std::move(*content));
    under_way_.push_back(std::move(task));
    ++begun_;
}

/// What cannot be read at all is found out before the host hears of it: behind a 354 there is no way back.
async::awaitable<base::result<std::shared_ptr<const spool::content>>> session::readable_content_of(
    std::shared_ptr<const spool::message> message) {
    auto content = co_await work_.content_of(std::move(message));
    if (content.has_error() || !(*content)->in_file()) co_return content;
    std::vector<char> scratch;
    const auto piece = co_await (*content)->read((*content)->trace().size(), scratch);
    if (piece.has_error()) co_return piece.error();
    co_return content;
}

smtp::client_transaction session::transaction(const queue::queued_message& task) const {
    smtp::client_transaction asked{.sender = task.message->sender,
                                   .recipients = {},
                                   .size = task.message->size,
                                   .eight_bit = task.message->eight_bit};
    asked.sender.address = sender(*task.message, task.envelopes.front());
    asked.recipients.reserve(task.envelopes.size());
    for (const spool::envelope& each : task.envelopes) {
        asked.recipients.push_back(each.recipient);
        if (action_.lmtp_user_only) asked.users.push_back(each.user);
    }
    return asked;
}

mail::reverse_path session::sender(const spool::message& message, const spool::envelope& envelope) const {
    return sender_of(message, envelope, action_, connection_.clock().wall());
}

void session::settle_oldest(const std::vector<mail::status>& statuses) {
    queue::queued_message what = std::move(under_way_.front());
    under_way_.pop_front();
    ++carried_;
    keep(split_for_room(what, statuses, [&](const spool::envelope& envelope, const mail::status& status) {
        count(status);
        settle(what, envelope, status);
    }));
    const bool host_is_well =
        !std::ranges::all_of(statuses, [](const mail::status& status) { return status.is_transient(); });
    work_.transaction_ended(host_is_well, statuses.front());
}

void session::settle(const queue::queued_message& task, const spool::envelope& envelope, const mail::status& status) {
    const connection_names& names = connection_.names();
    const queue::carrier by{
        .subsystem = "mta", .session = names.session, .source = names.source, .relay = names.remote};
    work_.settle(task.message, envelope, status, by, connection_.peer_takes_dsn());
}

void session::count(const mail::status& status) noexcept { failures_ = status.is_success() ? 0 : failures_ + 1; }

/// The connection has failed. A host may close one that was idle or that has carried enough: that says nothing about
/// the mail. Not for ever: when a connection fails as soon as it is used, the first mail on it has failed.
void session::abandon(mail::status reason) {
    if (reason.is_permanent()) reason = mail::status::transient("4.4.2", reason.line());
    lost_ = reason;
    // The one that pays for it. Content of ours that cannot be read is nobody else's fault.
    const auto& unreadable = connection_.unreadable();
    std::optional<std::size_t> at_fault;
    if (unreadable) {
        at_fault = unreadable->transaction;
    } else if (carried_ == 0 && !was_idle_) {
        at_fault = 0;
    }
    const auto left = connection_.unfinished();
    std::deque<queue::queued_message> elsewhere;
    for (std::size_t i = 0; i < under_way_.size(); ++i) {
        auto rest = abandon(std::move(under_way_[i]), left[i], i == at_fault ? &*lost_ : nullptr);
        if (!rest.envelopes.empty()) elsewhere.push_back(std::move(rest));
    }
    std::ranges::move(split_off_, std::back_inserter(elsewhere));
    split_off_ = std::move(elsewhere);
    if (!std::exchange(under_way_, {}).empty() && !unreadable) work_.transaction_ended(false, *lost_);
}

/// A recipient that has been answered keeps the answer. Of the others those are to be tried elsewhere at once whose
/// content cannot have arrived, unless there is a verdict on them: they come back.
queue::queued_message session::abandon(queue::queued_message task, const smtp::interrupted& interrupted,
                                       const mail::status* verdict) {
    queue::queued_message elsewhere{task.message, {}};
    for (std::size_t i = 0; i < task.envelopes.size(); ++i) {
        if (interrupted.statuses[i] || interrupted.content_sent || verdict != nullptr) {
            settle(task, task.envelopes[i], interrupted.statuses[i].value_or(*lost_));
        } else {
            elsewhere.envelopes.push_back(std::move(task.envelopes[i]));
        }
    }
    return elsewhere;
}

}  // namespace waypost::relay
