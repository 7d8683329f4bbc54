#include "ledger.hpp"

#include <algorithm>

namespace waypost::relay {

namespace {

/// A relay that was restarted should not be missed for long, and a wrong password must not become a failed login for
/// each mail, which gets accounts locked.
constexpr async::backoff::limits pauses{.first = std::chrono::seconds(1), .longest = std::chrono::minutes(5)};

// No host needs more; `mta limit max-conn-per-host` is the ceiling that counts.
constexpr std::size_t largest_window = 1000;
// Relays that are told of a host's recovery; the others find out by their own retries.
constexpr std::size_t most_remembered = 1000;
// How often the queue listens.
constexpr std::chrono::seconds between_tellings{1};
// RFC 6555 section 4.2 has ten minutes.
constexpr std::chrono::minutes memory_of_family{10};

/// Several attempts that fail together are one failure.
void back_off(backoff_record& backoff, const mail::status& reason, async::time_point now) {
    backoff.because = reason;
    if (now >= backoff.until()) backoff.begin(now, pauses);
}

template <class Map, class Key>
const typename Map::mapped_type& found_or_none(const Map& map, const Key& key) {
    static const typename Map::mapped_type none;
    const auto found = map.find(key);
    return found == map.end() ? none : found->second;
}

void open_one(connection_counts& count, std::uint64_t turn, async::time_point now) {
    ++count.open;
    count.turn = turn;
    ++count.connecting;
    count.last_opened = now;
}
/// Goes on at `next`, and looks at `most` entries. True at the end of the map.
template <class Map, class Predicate>
bool forget_some(Map& map, const Predicate& is_old, decltype(ledger::sweep::next)& next, std::size_t& most) {
    const auto* from = std::get_if<typename Map::key_type>(&next);
    auto each = from != nullptr ? map.lower_bound(*from) : map.begin();
    for (; each != map.end() && most > 0; --most) each = is_old(*each) ? map.erase(each) : std::next(each);
    if (each != map.end()) {
        next = each->first;
        return false;
    }
    next = {};
    return true;
}
void ready_one(connection_counts& count) { --count.connecting; }
void close_one(connection_counts& count, bool was_ready, async::time_point now) {
    --count.open;
    if (!was_ready) --count.connecting;
    count.last_closed = now;
}

}  // namespace

void ledger::opened(const spool::next_hop& relay, const route& route, async::time_point now) {
    ++open_;
    ++last_turn_;
    open_one(hosts_[route.target], last_turn_, now);
    route_record& along = routes_[route];
    if (along.id == 0) along.id = ++last_route_id_;
    ++along.connections;
    open_one(along, last_turn_, now);
    open_one(sources_[route.source_address], last_turn_, now);
    open_one(connectors_[{relay, route.source_address}], last_turn_, now);
    open_one(relays_[relay], last_turn_, now);
    open_one(domains_[relay.domain], last_turn_, now);
}

void ledger::became_ready(const spool::next_hop& relay, const route& route, async::time_point now) {
    ready_one(hosts_[route.target]);
    ready_one(routes_[route]);
    ready_one(sources_[route.source_address]);
    ready_one(connectors_[{relay, route.source_address}]);
    ready_one(relays_[relay]);
    ready_one(domains_[relay.domain]);
    worked(relay, route, now);
}

void ledger::closed(const spool::next_hop& relay, const route& route, bool was_ready, async::time_point now) {
    --open_;
    close_one(hosts_[route.target], was_ready, now);
    close_one(routes_[route], was_ready, now);
    close_one(sources_[route.source_address], was_ready, now);
    close_one(connectors_[{relay, route.source_address}], was_ready, now);
    close_one(relays_[relay], was_ready, now);
    close_one(domains_[relay.domain], was_ready, now);
}

void ledger::carried(const route& route) {
    route_record& along = routes_[route];
    ++along.messages;
    along.backoff.reset();
    host_record& at = hosts_[route.target];
    at.window = std::min(at.window + 1, largest_window);
}

void ledger::failed(const route& route, const mail::status& reason, async::time_point now) {
    route_record& along = routes_[route];
    ++along.errors;
    along.last_error = reason;
    back_off(along.backoff, reason, now);
    host_record& at = hosts_[route.target];
    at.window = std::max<std::size_t>(at.window - 1, 1);
    note_family(route, false, now);
}

void ledger::failed_for(const spool::next_hop& relay, const route& route, const mail::status& reason,
                        async::time_point now) {
    ++routes_[route].errors;
    back_off(relay_backoffs_[{relay, route}], reason, now);
}

void ledger::source_failed(const source& source, const mail::status& reason, async::time_point now) {
    back_off(source_backoffs_[source], reason, now);
}

void ledger::worked(const spool::next_hop& relay, const route& route, async::time_point now) {
    routes_[route].backoff.lift();
    source_backoffs_.erase(route.source_address);
    relay_backoffs_.erase({relay, route});
    note_family(route, true, now);
}

void ledger::note_family(const route& route, bool worked, async::time_point now) {
    if (!route.target.socket_path.empty()) return;
    if (route.target.endpoint.ip.is_v4()) {
        ipv4_works_ = worked || ipv4_works_;
    } else {
        avoid_ipv6_ = worked ? async::time_point::min() : now + memory_of_family;
    }
}

void ledger::remember_deferred(const spool::next_hop& relay, const host& host, std::size_t envelopes) {
    auto& waiting = deferred_[host].envelopes;
    if (waiting.size() < most_remembered || waiting.contains(relay)) waiting[relay] += envelopes;
}

std::vector<spool::next_hop> ledger::take_deferred(const host& host, async::time_point now) {
    std::vector<spool::next_hop> taken;
    if (deferred_.empty()) return taken;
    const auto found = deferred_.find(host);
    if (found == deferred_.end()) return taken;
    waiting_mail& waiting = found->second;
    if (waiting.last_told != async::time_point::min() && now < waiting.last_told + between_tellings) return taken;
    waiting.last_told = now;
    for (auto& [relay, envelopes] : waiting.envelopes) {
        taken.push_back(relay);
        envelopes -= std::min(envelopes, told_at_once_);
    }
    std::erase_if(waiting.envelopes, [](const auto& entry) { return entry.second == 0; });
    if (waiting.envelopes.empty()) deferred_.erase(found);
    return taken;
}

const host_record& ledger::at(const host& host) const { return found_or_none(hosts_, host); }
const route_record& ledger::along(const route& route) const { return found_or_none(routes_, route); }
const connection_counts& ledger::from(const source& source) const { return found_or_none(sources_, source); }
const connection_counts& ledger::connector(const spool::next_hop& relay, const source& source) const {
    return found_or_none(connectors_, std::pair(relay, source));
}
const connection_counts& ledger::of(const spool::next_hop& relay) const { return found_or_none(relays_, relay); }
const connection_counts& ledger::towards(const std::string& domain) const { return found_or_none(domains_, domain); }

const backoff_record* ledger::backing_off(const spool::next_hop& relay, const route& route,
                                          async::time_point now) const {
    const backoff_record* longest = nullptr;
    const auto consider = [&](const backoff_record& backoff) {
        if (backoff.until() > now && (longest == nullptr || backoff.until() > longest->until())) longest = &backoff;
    };
    if (const auto found = routes_.find(route); found != routes_.end()) consider(found->second.backoff);
    if (relay_backoffs_.empty() && source_backoffs_.empty()) return longest;
    if (const auto found = relay_backoffs_.find({relay, route}); found != relay_backoffs_.end())
        consider(found->second);
    if (const auto found = source_backoffs_.find(route.source_address); found != source_backoffs_.end())
        consider(found->second);
    return longest;
}

bool ledger::resume(std::uint64_t route_id) {
    const auto found = std::ranges::find_if(routes_, [&](const auto& entry) { return entry.second.id == route_id; });
    if (found == routes_.end()) return false;
    found->second.backoff = {};
    source_backoffs_.erase(found->first.source_address);
    std::erase_if(relay_backoffs_, [&](const auto& entry) { return entry.first.second == found->first; });
    return true;
}

bool ledger::forget_quiet_since(async::time_point moment, async::time_point now, sweep& progress, std::size_t most) {
    const auto is_quiet = [&](const auto& entry) {
        return entry.second.open == 0 && entry.second.last_opened < moment && entry.second.last_closed < moment;
    };
    const auto is_over = [&](const backoff_record& backoff) { return backoff.until() < std::min(now, moment); };
    const auto is_past = [&](const auto& entry) { return is_over(entry.second); };
    std::size_t number = 0;
    const auto look_at = [&](auto& map, const auto& is_old) {
        if (number++ < progress.map) return;  // seen
        if (most > 0 && forget_some(map, is_old, progress.next, most)) ++progress.map;
    };
    look_at(relay_backoffs_, is_past);
    look_at(source_backoffs_, is_past);
    look_at(routes_, [&](const auto& entry) { return is_quiet(entry) && is_over(entry.second.backoff); });
    look_at(hosts_, is_quiet);
    look_at(sources_, is_quiet);
    look_at(connectors_, is_quiet);
    look_at(relays_, is_quiet);
    look_at(domains_, is_quiet);
    look_at(deferred_, [&](const auto& entry) { return !hosts_.contains(entry.first); });
    return progress.map == number;
}

}  // namespace waypost::relay
