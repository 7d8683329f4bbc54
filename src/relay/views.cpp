// How the engine's state looks from outside.
#include <algorithm>

#include "relay_engine.hpp"

namespace waypost::relay {

namespace {

std::string text_of(const source& source) { return source.is_unspecified() ? std::string() : source.to_string(); }

std::optional<async::duration> time_left(const backoff_record& backoff, async::time_point now) {
    if (backoff.until() <= now) return std::nullopt;
    return backoff.until() - now;
}

std::string words_of(const mail::status& backoff) { return backoff.is_success() ? std::string() : backoff.line(); }

}  // namespace

std::vector<route_view> relay_engine::routes() const {
    const auto now = context_.clock.now();
    std::vector<route_view> all;
    for (const auto& [via, record] : ledger_.routes()) {
        all.push_back({.id = record.id,
                       .source = text_of(via.source_address),
                       .host = via.target.text(),
                       .open = record.open,
                       .connecting = record.connecting,
                       .connections = record.connections,
                       .messages = record.messages,
                       .errors = record.errors,
                       .last_error = words_of(record.last_error),
                       .next_try = time_left(record.backoff, now),
                       .for_relay = {}});
    }
    for (const auto& [whose, backoff] : ledger_.relay_backoffs()) {
        const auto& [hop, via] = whose;
        route_view one{.id = ledger_.along(via).id, .source = text_of(via.source_address), .host = via.target.text()};
        one.last_error = words_of(backoff.because);
        one.next_try = time_left(backoff, now);
        one.for_relay = hop.domain.empty() ? hop.action : hop.action + " " + hop.domain;
        all.push_back(std::move(one));
    }
    return all;
}

relay_view relay_engine::view_of(const relay_queue& relay) const {
    const auto now = context_.clock.now();
    relay_view one{.action = relay.hop.action,
                   .domain = relay.hop.domain,
                   .waiting = relay.waiting.size(),
                   .connecting = relay.connecting,
                   .open = relay.ready,
                   .idle = relay.idle.size(),
                   .carried = relay.carried,
                   .deferred = relay.deferred,
                   .last_error = words_of(relay.last_error)};
    const auto moment = std::min(relay.alarm, wait_queue_.next_moment_of(relay));
    if (moment != async::time_point::max() && moment > now) one.next_try = moment - now;
    return one;
}

std::vector<relay_view> relay_engine::relays() const {
    std::vector<relay_view> all;
    for (const auto& [key, each] : relays_) all.push_back(view_of(*each));
    return all;
}

std::vector<host_view> relay_engine::hosts() const {
    std::vector<host_view> all;
    for (const auto& [where, record] : ledger_.hosts()) {
        all.push_back(
            {.host = where.text(), .open = record.open, .connecting = record.connecting, .window = record.window});
    }
    return all;
}

bool relay_engine::resume_route(std::uint64_t id) {
    if (!ledger_.resume(id)) return false;
    timekeeping_.start(attend_all());
    return true;
}

}  // namespace waypost::relay
