#include "session.hpp"

#include <boost/asio/this_coro.hpp>
#include <iterator>

#include "waypost/queue/delivery_log.hpp"

namespace waypost::relay {

namespace {

/// "user@domain", "@domain" or "user" in place of that part of the reverse-path. The null one stays: a report must not
/// get one.
mail::reverse_path rewritten(const mail::reverse_path& from, const std::string& pattern) {
    if (pattern.empty() || from.is_null()) return from;
    const std::size_t at = pattern.rfind('@');
    std::string text = pattern;
    if (at == 0) text = from.address()->local.text() + pattern;
    if (at == std::string::npos) text = pattern + "@" + from.address()->host.text();
    const auto changed = mail::mailbox::parse(text);
    return changed ? mail::reverse_path(*changed) : from;
}

}  // namespace

async::awaitable<> session::run() {
    while (carried_ < settings_.allowed.messages_per_session && co_await next_task()) {
        if (!co_await carry()) co_return;
        ++carried_;
    }
    connection_.quit();
    co_await connection_.pump();
}

/// The next task, at once or after waiting; false when the session should leave.
async::awaitable<bool> session::next_task() {
    not_asked_yet_.reset();
    while (relay_.waiting.empty()) {
        if (!co_await wait_for_work()) co_return false;
    }
    task_ = std::move(relay_.waiting.front());
    relay_.waiting.pop_front();
    const std::size_t most = settings_.allowed.recipients_per_transaction;
    if (task_.envelopes.size() > most) {
        const auto rest = task_.envelopes.begin() + static_cast<std::ptrdiff_t>(most);
        relay_.waiting.push_front(
            {task_.about, {std::make_move_iterator(rest), std::make_move_iterator(task_.envelopes.end())}});
        task_.envelopes.erase(rest, task_.envelopes.end());
    }
    on_task_taken_();
    co_return true;
}

async::awaitable<bool> session::wait_for_work() {
    if (relay_.closing) co_return false;
    idle_session mine(executor_, with_.clock.now());
    relay_.idle.push_back(&mine);
    // Cancelled while it waits, the session must not stay in the list.
    struct leaving {
        relay& of;
        idle_session& who;
        ~leaving() {
            if (who.waiting) std::erase(of.idle, &who);
        }
    } const on_exit{relay_, mine};
    while (mine.waiting) co_await mine.woken.wait();
    was_idle_ = true;
    co_return !mine.leave;
}

/// One transaction. False when the connection is of no further use.
async::awaitable<bool> session::carry() {
    auto content = co_await with_.queue.content_of(task_.about);
    if (content.has_error()) {
        const auto said = mail::status::transient("4.3.0", "Content cannot be read: " + content.error().message());
        settle(std::vector(task_.envelopes.size(), said));
        co_return true;
    }
    connection_.begin(transaction(), std::move(*content));
    const auto pause = co_await connection_.pump();
    if (const auto* done = std::get_if<smtp::transaction_done>(&pause)) {
        settle(done->each);
        co_return true;
    }
    mail::status why = mail::status::transient("4.4.2", "The session ended in the middle of a transaction");
    if (const auto* failed = std::get_if<smtp::session_failed>(&pause)) why = failed->said;
    // Ended from our side, with the engine: the mail is still due in the store, and nothing has gone wrong with it.
    const auto mine = co_await boost::asio::this_coro::cancellation_state;
    if (mine.cancelled() != boost::asio::cancellation_type::none) co_return false;
    if (try_elsewhere()) {
        relay_.waiting.push_front(std::move(task_));
        relay_.wake_one();
    } else {
        if (why.is_permanent()) why = mail::status::transient("4.4.2", why.line());
        settle(connection_.outcomes_or(why));
    }
    co_return false;
}

/// A host may close a connection that was idle or that has carried enough: that says nothing about the mail, which goes
/// down another connection at once. Not for ever: the failure of a connection that was used as soon as it was open
/// counts.
bool session::try_elsewhere() const { return (carried_ > 0 || was_idle_) && !connection_.content_began(); }

smtp::client_transaction session::transaction() const {
    smtp::client_transaction what{
        .from = task_.about->from, .to = {}, .size = task_.about->size, .eight_bit = task_.about->eight_bit};
    what.from.from = rewritten(what.from.from, relay_.action.mail_from);
    what.to.reserve(task_.envelopes.size());
    for (const spool::envelope& each : task_.envelopes) what.to.push_back(each.to);
    return what;
}

void session::settle(const std::vector<mail::status>& each) {
    for (std::size_t i = 0; i < task_.envelopes.size(); ++i) report(task_.envelopes[i], each[i]);
    task_ = {};
}

void session::report(const spool::envelope& which, const mail::status& said) {
    const connection_names& names = connection_.names();
    const queue::carrier by{
        .subsystem = "mta", .session = names.session, .source = names.source, .relay = names.remote};
    queue::log_delivery(with_.log, by, *task_.about, which, said, with_.clock.wall());
    queue::outcome outcome = queue::outcome_of(said, names.remote);
    if (auto* passed_on = std::get_if<queue::delivered>(&outcome)) {
        passed_on->final = false;
        passed_on->dsn_passed = connection_.peer_takes_dsn();
    }
    with_.queue.report(task_.about, which, std::move(outcome));
}

}  // namespace waypost::relay
