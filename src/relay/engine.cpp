#include "waypost/relay/engine.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "connector.hpp"
#include "relay.hpp"
#include "session.hpp"
#include "work.hpp"
#include "waypost/async/alongside.hpp"
#include "waypost/base/exception_text.hpp"
#include "waypost/queue/delivery_log.hpp"

namespace waypost::relay {

namespace {

// How exactly the keepalive of idle sessions is kept.
constexpr std::chrono::seconds keepalive_precision{1};

/// The relay's tasks for one session.
class relay_work final : public work {
public:
    relay_work(const async::executor& on, const surroundings& with, relay& of, std::function<void()> on_task_taken)
        : executor_(on), with_(with), relay_(of), on_task_taken_(std::move(on_task_taken)), not_asked_yet_(of.fresh) {}

    std::optional<queue::task> take(std::size_t most) override {
        not_asked_yet_.reset();
        if (relay_.waiting.empty()) return std::nullopt;
        queue::task next = std::move(relay_.waiting.front());
        relay_.waiting.pop_front();
        if (next.envelopes.size() > most) {
            const auto rest = next.envelopes.begin() + static_cast<std::ptrdiff_t>(most);
            relay_.waiting.push_front(
                {next.about, {std::make_move_iterator(rest), std::make_move_iterator(next.envelopes.end())}});
            next.envelopes.erase(rest, next.envelopes.end());
        }
        on_task_taken_();
        return next;
    }

    async::awaitable<bool> wait() override {
        if (!relay_.waiting.empty()) co_return true;
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
        co_return !mine.leave;
    }

    void give_back(queue::task what) override {
        relay_.waiting.push_front(std::move(what));
        relay_.wake_one();
    }

    void settle(const std::shared_ptr<const spool::message>& about, const spool::envelope& which,
                const mail::status& said, const connection& via) override {
        const connection_names& names = via.names();
        const queue::carrier by{
            .subsystem = "mta", .session = names.session, .source = names.source, .relay = names.remote};
        queue::log_delivery(with_.log, by, *about, which, said, with_.clock.wall());
        queue::outcome outcome = queue::outcome_of(said, names.remote);
        if (auto* passed_on = std::get_if<queue::delivered>(&outcome)) {
            passed_on->final = false;
            passed_on->dsn_passed = via.peer_takes_dsn();
        }
        with_.queue.report(about, which, std::move(outcome));
    }

    void transaction_ended(bool, const mail::status&) override {}

    async::awaitable<base::result<std::shared_ptr<const spool::content>>> content_of(
        std::shared_ptr<const spool::message> about) override {
        return with_.queue.content_of(std::move(about));
    }

private:
    async::executor executor_;
    const surroundings& with_;
    relay& relay_;
    std::function<void()> on_task_taken_;
    std::optional<counted> not_asked_yet_;
};

}  // namespace

engine::engine(const async::executor& on, surroundings with, settings how)
    : executor_(on),
      with_(with),
      settings_(std::move(how)),
      sessions_(on, [this](std::exception_ptr bug) { with_.log.error("mta", "bug", {{"what", base::text_of(bug)}}); }),
      timekeeping_(on) {}

engine::~engine() = default;

const std::shared_ptr<relay>& engine::relay_for(const spool::next_hop& hop) {
    auto& slot = relays_[hop];
    if (slot == nullptr) slot = std::make_shared<relay>(hop, settings_.actions.at(hop.action));
    return slot;
}

void engine::carry(queue::task what) {
    if (stopping_) return;
    if (!std::exchange(retiring_, true)) timekeeping_.start(retire_idle_sessions());
    const auto& to = relay_for(what.envelopes.front().hop);
    to->waiting.push_back(std::move(what));
    to->wake_one();
    open_sessions(to);
}

void engine::open_sessions(const std::shared_ptr<relay>& to) {
    while (!stopping_ && to->wants_session(settings_.allowed, with_.clock.now())) {
        sessions_.start(drain(to, std::make_unique<counted>(to->connecting)));
    }
}

/// One session from its connection to its end, and what follows from that for the relay.
async::awaitable<> engine::drain(std::shared_ptr<relay> of, std::unique_ptr<counted> connecting) {
    connector finder(executor_, with_, settings_, of->hop, of->action);
    opened got = co_await finder.open();
    connecting.reset();
    if (auto* connected = std::get_if<std::unique_ptr<connection>>(&got)) {
        const counted one(of->ready);
        of->worked();
        relay_work tasks(executor_, with_, *of, [this, of] { open_sessions(of); });
        session mine(tasks, of->action, **connected,
                     {.messages = settings_.allowed.messages_per_session,
                      .recipients = settings_.allowed.recipients_per_transaction});
        co_await async::alongside((*connected)->keep_time(), mine.run());
        (*connected)->close();
    } else {
        of->rest(settings_.allowed, with_.clock.now());
        timekeeping_.start(watch_rest(of, std::make_unique<counted>(of->rests)));
        if (of->ready == 0 && of->connecting == 0) fail_waiting(*of, std::get<mail::status>(got));
    }
    open_sessions(of);
    forget_if_done(of->hop);
}

/// Tries again when the rest is over, and remembers for as long again that there was trouble.
async::awaitable<> engine::watch_rest(std::shared_ptr<relay> of, std::unique_ptr<counted> resting) {
    co_await with_.clock.sleep_until(of->rests_until);
    open_sessions(of);
    if (of->waiting.empty()) co_await with_.clock.sleep_for(of->pause);
    resting.reset();
    forget_if_done(of->hop);
}

void engine::fail_waiting(relay& of, const mail::status& why) {
    for (queue::task& each : std::exchange(of.waiting, {})) {
        for (spool::envelope& envelope : each.envelopes) {
            queue::log_delivery(with_.log, {.subsystem = "mta"}, *each.about, envelope, why, with_.clock.wall());
            with_.queue.report(each.about, std::move(envelope), queue::outcome_of(why, {}));
        }
    }
}

void engine::forget_if_done(const spool::next_hop& hop) {
    const auto found = relays_.find(hop);
    if (found != relays_.end() && found->second->done()) relays_.erase(found);
}

async::awaitable<> engine::retire_idle_sessions() {
    while (!stopping_) {
        co_await with_.clock.sleep_for(keepalive_precision);
        const auto oldest = with_.clock.now() - settings_.times.keepalive;
        for (auto& [hop, each] : relays_) each->dismiss_idle_since(oldest);
        if (relays_.empty()) break;
    }
    retiring_ = false;
}

async::awaitable<> engine::stop(async::duration grace) {
    using namespace boost::asio::experimental::awaitable_operators;
    stopping_ = true;
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
