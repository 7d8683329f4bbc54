// What mail for one next hop shares: the tasks that wait, the way there, and the sessions that drain them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "next_hop_resolver.hpp"
#include "shared_limit.hpp"
#include "waypost/async/event.hpp"
#include "waypost/queue/transport.hpp"

namespace waypost::relay {

/// Counts for as long as it lives.
class counted {
public:
    explicit counted(std::size_t& number) : number_(number) { ++number_; }
    ~counted() { --number_; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;

private:
    std::size_t& number_;
};

/// A session that waits for work. It stands in its relay's list for exactly as long as it waits.
struct idle_session {
    idle_session(const async::executor& executor, const host& host, async::time_point now)
        : woken(executor), server(host), since(now) {}
    async::event woken;
    const host& server;
    async::time_point since;
    unsigned preference = 0;  // of its server
    bool leave = false;  // no more work will come: quit
    bool waiting = true;
    std::optional<counted> coming;  // woken for a task that it has not taken yet
};

class relay_queue {
public:
    /// Keeps the settings that it begins with, which have an action of this name.
    relay_queue(const dependencies& context, spool::next_hop next_hop, std::shared_ptr<const relay::settings> pinned,
                std::function<void()> on_news, own_addresses* self = nullptr)
        : settings(std::move(pinned)),
          hop(std::move(next_hop)),
          action(settings->actions.at(hop.action)),
          bounds(settings->limits.of(hop.domain)),
          resolver(context, hop, action, settings->host, std::move(on_news), self) {}

    const std::shared_ptr<const relay::settings> settings;
    const spool::next_hop hop;
    const action_settings& action;
    const limits& bounds;
    next_hop_resolver resolver;
    std::deque<queue::queued_message> waiting;
    std::size_t connecting = 0;
    std::size_t ready = 0;
    std::map<unsigned, std::size_t> ready_at;  // the ready ones by the preference of their servers
    std::size_t fresh = 0;  // of the ready ones: about to take a task, newly opened or woken
    std::size_t questions = 0;  // coroutines that ask for the way
    std::vector<idle_session*> idle;  // the most recent at the end: it is woken first, so that the others may leave
    async::time_point alarm = async::time_point::max();  // a coroutine will look at the relay then
    std::uint64_t alarm_number = 0;
    bool has_news = false;             // of the DNS, which wait to be looked at
    bool blocked = false;              // waits in these lines, for the alarm, for the DNS or for its own connections
    std::vector<shared_limit> lines;   // where it waits; host_wait_queue keeps this and the ticket
    std::uint64_t ticket = 0;          // since it last got a connection; 0: it has not had to wait
    bool has_asked_for_room = false;   // since then: an idle session of another relay was sent away for it
    mail::status last_error;
    std::uint64_t carried = 0;
    std::uint64_t deferred = 0;
    bool closing = false;  // sessions leave instead of waiting for work

    /// There is a session at a better server than one of this preference.
    [[nodiscard]] bool does_better_than(unsigned preference) const noexcept {
        return !ready_at.empty() && ready_at.begin()->first < preference;
    }
    /// All its sessions are at worse servers than the best.
    [[nodiscard]] bool on_backup_hosts() const noexcept {
        return !ready_at.empty() && !resolver.hosts().empty() &&
               ready_at.begin()->first > resolver.hosts().front().preference;
    }
    /// There is work that no session will take that is free or about to be.
    [[nodiscard]] bool wants_session() const noexcept { return waiting.size() > idle.size() + connecting + fresh; }
    [[nodiscard]] bool done() const noexcept {
        return waiting.empty() && connecting == 0 && ready == 0 && questions == 0 && alarm == async::time_point::max();
    }

    /// Up to `most` recipients of the task whose turn it is. What is left of a message with more of them goes to the
    /// end of the line, so that small mail overtakes a mailing list.
    [[nodiscard]] std::optional<queue::queued_message> take(std::size_t most) {
        if (waiting.empty()) return std::nullopt;
        queue::queued_message taken = std::move(waiting.front());
        waiting.pop_front();
        if (taken.envelopes.size() > most) {
            const auto rest = taken.envelopes.begin() + static_cast<std::ptrdiff_t>(most);
            waiting.push_back(
                {taken.message, {std::make_move_iterator(rest), std::make_move_iterator(taken.envelopes.end())}});
            taken.envelopes.erase(rest, taken.envelopes.end());
            wake_one();
        }
        return taken;
    }

    void wake_one() {
        if (idle.empty()) return;
        idle.back()->coming.emplace(fresh);
        wake(*idle.back());
        idle.pop_back();
    }
    /// Sends those away that have been idle since before `moment`.
    void dismiss_idle_since(async::time_point moment) {
        std::erase_if(idle, [&](idle_session* session) {
            const bool long_enough = session->since <= moment;
            if (long_enough) send_away(*session);
            return long_enough;
        });
    }
    /// Sends those away that are at worse servers.
    void dismiss_worse_than(unsigned preference) {
        std::erase_if(idle, [&](idle_session* session) {
            const bool is_worse = session->preference > preference;
            if (is_worse) send_away(*session);
            return is_worse;
        });
    }
    void dismiss(idle_session& session) {
        if (std::erase(idle, &session) != 0) send_away(session);
    }

private:
    static void send_away(idle_session& session) {
        session.leave = true;
        wake(session);
    }
    static void wake(idle_session& session) {
        session.waiting = false;
        session.woken.notify();
    }
};

}  // namespace waypost::relay
