// What mail for one next hop shares: the tasks that wait, and the sessions that drain them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "waypost/async/clock.hpp"
#include "waypost/async/event.hpp"
#include "waypost/queue/transport.hpp"
#include "waypost/relay/settings.hpp"

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
    explicit idle_session(const async::executor& on, async::time_point now) : woken(on), since(now) {}
    async::event woken;
    async::time_point since;
    bool leave = false;  // no more work will come: quit
    bool waiting = true;
    std::optional<counted> coming;  // woken for a task that it has not taken yet
};

class relay {
public:
    relay(spool::next_hop where, const action_settings& how) : hop(std::move(where)), action(how) {}

    const spool::next_hop hop;
    const action_settings& action;
    std::deque<queue::task> waiting;
    std::size_t connecting = 0;
    std::size_t ready = 0;
    std::size_t fresh = 0;  // of the ready ones: about to take a task, newly opened or woken
    std::vector<idle_session*> idle;  // the most recent at the end: it is woken first, so that the others may leave

    // After a failure to connect nothing is tried for a pause that grows; what comes meanwhile waits with the rest.
    async::time_point rests_until{};
    async::duration pause{};
    std::size_t rests = 0;  // coroutines that watch for the end of a rest
    bool closing = false;  // sessions leave instead of waiting for work

    [[nodiscard]] bool done() const noexcept { return waiting.empty() && connecting == 0 && ready == 0 && rests == 0; }

    /// Whether one more session should be opened now: there is work that no free session will take, the limit allows
    /// it, and no more are on trial than have succeeded (one at first).
    [[nodiscard]] bool wants_session(const limits& allowed, async::time_point now) const noexcept {
        if (now < rests_until) return false;
        const std::size_t free = idle.size() + connecting + fresh;
        return waiting.size() > free && ready + connecting < allowed.sessions_per_relay && connecting < 1 + ready;
    }

    void rest(const limits& allowed, async::time_point now) {
        if (now < rests_until) return;  // several attempts failed together: one rest
        pause = std::clamp(pause * 2, allowed.first_pause, allowed.longest_pause);
        rests_until = now + pause;
    }
    void worked() { pause = {}; }

    void wake_one() {
        if (idle.empty()) return;
        idle.back()->coming.emplace(fresh);
        wake(*idle.back());
        idle.pop_back();
    }
    /// Sends those away that have been idle since before `moment`.
    void dismiss_idle_since(async::time_point moment) {
        while (!idle.empty() && idle.front()->since <= moment) {
            idle.front()->leave = true;
            wake(*idle.front());
            idle.erase(idle.begin());
        }
    }

private:
    static void wake(idle_session& one) {
        one.waiting = false;
        one.woken.notify();
    }
};

}  // namespace waypost::relay
