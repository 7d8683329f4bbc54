// What the engine does once a second, however little happens: sends idle sessions away and forgets what nobody uses.
#include "relay_engine.hpp"
#include "waypost/async/next_turn.hpp"

namespace waypost::relay {

namespace {

// How exactly the keepalive of idle sessions is kept.
constexpr std::chrono::seconds keepalive_precision{1};
// A relay without mail is kept for so long after what it knows of the way has aged: the pause after a DNS that failed
// doubles only if it is remembered beyond its end.
constexpr std::chrono::minutes memory_of_ways{1};
// `show routes` and `show hosts` tell of what was within this time.
constexpr std::chrono::hours memory_of_routes{1};
// It is a walk through all of the ledger.
constexpr std::chrono::minutes between_looks_at_ledger{1};
// Entries of a map that are looked at in one turn of the loop: well under a millisecond.
constexpr std::size_t most_a_turn = 1000;

}  // namespace

async::awaitable<> relay_engine::housekeeping() {
    auto look_at_ledger = context_.clock.now();
    while (!stopping_ && !relays_.empty()) {
        co_await context_.clock.sleep_for(keepalive_precision);
        co_await dismiss_and_forget_relays();
        const auto now = context_.clock.now();
        if (now < look_at_ledger) continue;
        look_at_ledger = now + between_looks_at_ledger;
        ledger::sweep progress;
        while (!ledger_.forget_quiet_since(now - memory_of_routes, now, progress, most_a_turn))
            co_await async::next_turn();
    }
    keeping_house_ = false;
}

async::awaitable<> relay_engine::dismiss_and_forget_relays() {
    const auto now = context_.clock.now();
    std::size_t seen = 0;
    for (auto each = relays_.begin(); each != relays_.end();) {
        relay_queue& one = *each->second;
        if (one.closing) {
            let_go(one);
        } else {
            one.dismiss_idle_since(now - one.bounds.keepalive);
        }
        if (one.done() && (one.closing || one.resolver.is_stale(memory_of_ways))) {
            each = relays_.erase(each);
        } else {
            ++each;
        }
        if (++seen % most_a_turn != 0 || each == relays_.end()) continue;
        const relay_key next = each->first;
        co_await async::next_turn();
        each = relays_.lower_bound(next);
    }
}

/// A relay of earlier settings without mail waits for nothing: its alarm would only keep these.
void relay_engine::let_go(relay_queue& relay) {
    relay.dismiss_idle_since(async::time_point::max());
    if (!relay.waiting.empty() || relay.alarm == async::time_point::max()) return;
    alarms_.cancel(relay.alarm, relay.alarm_number);
    relay.alarm = async::time_point::max();
}

/// A back-off was ended by hand: it may be news for any relay.
async::awaitable<> relay_engine::attend_all() {
    std::size_t seen = 0;
    for (auto each = relays_.begin(); each != relays_.end();) {
        const relay_ptr one = each->second;
        const relay_key here = each->first;
        unblock(*one);
        attend(one);
        if (++seen % 64 == 0) co_await async::next_turn();
        each = relays_.upper_bound(here);
    }
}

}  // namespace waypost::relay
