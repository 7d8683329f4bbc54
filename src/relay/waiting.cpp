// How relays wait for the limits that they share, and for moments.
#include "relay_engine.hpp"
#include "waypost/async/next_turn.hpp"

namespace waypost::relay {

namespace {

// Relays that one event, or one turn of the loop, plans for beyond those that it gives a place; a plan takes some
// microseconds.
constexpr std::size_t most_asked_at_once = 64;

}  // namespace

void relay_engine::unblock(relay_queue& relay) {
    relay.blocked = false;
    wait_queue_.leave(relay);
}

void relay_engine::look_again_at(const relay_ptr& relay, async::time_point time) {
    if (time >= relay->alarm) return;
    if (relay->alarm != async::time_point::max()) alarms_.cancel(relay->alarm, relay->alarm_number);
    relay->alarm = time;
    relay->alarm_number = alarms_.set(time, [this, relay] {
        relay->alarm = async::time_point::max();
        unblock(*relay);
        attend(relay);
    });
    start_alarms();
}

void relay_engine::start_alarms() {
    if (!stopping_ && alarms_.needs_run()) timekeeping_.start(alarms_.run());
}

void relay_engine::wait_for_room(const relay_ptr& relay, const at_limit& limits) {
    relay->blocked = true;
    if (limits.or_at) look_again_at(relay, *limits.or_at);
    const bool may_ask = !relay->has_asked_for_room;
    for (const at_limit::line& each : limits.lines) {
        wait_queue_.wait(relay, each.limit, each.until);
        // A connection that others keep for later mail is worth less than one for mail that is here.
        if (!may_ask || each.until || each.limit.kind != shared_limit::scope::route) continue;
        relay->has_asked_for_room = true;
        idle_.dismiss_one_at(each.limit.path.target, *relay);
    }
    start_alarms();
}

/// A connection along this route, for this domain, has ended.
void relay_engine::place_freed(const route& route, const std::string& domain) {
    serve_lines(wait_queue_.lines_for(route, domain));
}

/// A host bears more than before, or its routes have come up or down.
void relay_engine::host_changed(const host& host) { serve_lines(wait_queue_.lines_at(host)); }

void relay_engine::serve_lines(const std::vector<shared_limit>& lines) {
    for (const shared_limit& each : lines) serve_line(each);
}

/// The first in the line, and the next, until one comes back to it because the limit is still reached.
void relay_engine::serve_line(const shared_limit& line) {
    for (std::size_t asked = 0; !stopping_; ++asked) {
        const relay_ptr next = wait_queue_.first(line);
        if (next == nullptr) return;
        if (asked == most_asked_at_once) {
            long_queues_.insert(line);
            if (!std::exchange(serves_long_queues_, true)) timekeeping_.start(serve_long_queues());
            return;
        }
        unblock(*next);
        attend(next);
        if (wait_queue_.waits_at(*next, line)) return;
    }
}

/// Where a route has begun to back off, all that waited for it have to look elsewhere, and they may be many.
async::awaitable<> relay_engine::serve_long_queues() {
    while (!long_queues_.empty()) {
        const shared_limit line = long_queues_.extract(long_queues_.begin()).value();
        serve_line(line);
        co_await async::next_turn();
    }
    serves_long_queues_ = false;
}

}  // namespace waypost::relay
