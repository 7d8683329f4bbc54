#include "host_wait_queue.hpp"

#include <algorithm>

namespace waypost::relay {

using scope = shared_limit::scope;

void host_wait_queue::wait(const visitor& waiting, const shared_limit& limit, std::optional<async::time_point> until) {
    if (waiting->ticket == 0) waiting->ticket = ++last_ticket_;
    line& here = lines_[limit];
    if (here.waiting.emplace(waiting->ticket, waiting).second) waiting->lines.push_back(limit);
    here.lacks_place = !until;
    if (until && (!here.next || *until < here.next->time)) wake_by(here, limit, *until);
}

void host_wait_queue::wake_by(line& line, const shared_limit& key, async::time_point time) {
    cancel_alarm(line);
    const auto ring = [this, key] {
        if (const auto rung = lines_.find(key); rung != lines_.end()) rung->second.next.reset();
        on_alarm_(key);
    };
    line.next = alarm{time, alarms_.set(time, ring)};
}

void host_wait_queue::cancel_alarm(line& line) {
    if (line.next) alarms_.cancel(line.next->time, line.next->number);
    line.next.reset();
}

void host_wait_queue::leave(relay_queue& relay) {
    for (const shared_limit& each : relay.lines) {
        const auto here = lines_.find(each);
        if (here == lines_.end()) continue;
        here->second.waiting.erase(relay.ticket);
        if (!here->second.waiting.empty()) continue;
        // Who comes back names the moment anew; an alarm that outlived its line would be one more each time.
        cancel_alarm(here->second);
        lines_.erase(here);
    }
    relay.lines.clear();
}

host_wait_queue::visitor host_wait_queue::first(const shared_limit& limit) {
    for (;;) {
        const auto here = lines_.find(limit);
        if (here == lines_.end()) return nullptr;
        const visitor next = here->second.waiting.begin()->second;
        if (next->wants_session()) return next;
        next->blocked = false;
        leave(*next);
        serve(*next);
    }
}

async::time_point host_wait_queue::next_moment_of(const relay_queue& relay) const {
    auto first = async::time_point::max();
    for (const shared_limit& each : relay.lines) {
        const auto here = lines_.find(each);
        if (here != lines_.end() && here->second.next) first = std::min(first, here->second.next->time);
    }
    return first;
}

bool host_wait_queue::waits_at(const relay_queue& relay, const shared_limit& limit) const {
    const auto here = lines_.find(limit);
    return here != lines_.end() && here->second.waiting.contains(relay.ticket);
}

template <class Visit>
void host_wait_queue::visit_lines_at(const host& host, Visit visit) const {
    const shared_limit lowest{.kind = scope::route, .path = {.source_address = {}, .target = host}, .domain = {}};
    for (auto here = lines_.lower_bound(lowest);
         here != lines_.end() && here->first.kind == scope::route && here->first.path.target == host; ++here) {
        visit(here->first);
    }
}

template <class Visit>
void host_wait_queue::visit_lines(const route& route, const std::string& domain, Visit visit) const {
    visit_lines_at(route.target, visit);
    const shared_limit of_source{
        .kind = scope::source, .path = {.source_address = route.source_address, .target = {}}, .domain = {}};
    for (auto here = lines_.lower_bound(of_source); here != lines_.end() && here->first.kind == scope::source &&
                                                    here->first.path.source_address == route.source_address;
         ++here) {
        visit(here->first);
    }
    const shared_limit of_domain{.kind = scope::domain, .path = {}, .domain = domain};
    for (auto here = lines_.lower_bound(of_domain);
         here != lines_.end() && here->first.kind == scope::domain && here->first.domain == domain; ++here) {
        visit(here->first);
    }
    if (const auto whole = lines_.find(shared_limit{}); whole != lines_.end()) visit(whole->first);
}

std::vector<shared_limit> host_wait_queue::lines_for(const route& route, const std::string& domain) const {
    std::vector<shared_limit> all;
    visit_lines(route, domain, [&all](const shared_limit& limit) { all.push_back(limit); });
    sort_by_age(all);
    return all;
}

std::vector<shared_limit> host_wait_queue::lines_at(const host& host) const {
    std::vector<shared_limit> all;
    visit_lines_at(host, [&all](const shared_limit& limit) { all.push_back(limit); });
    sort_by_age(all);
    return all;
}

void host_wait_queue::sort_by_age(std::vector<shared_limit>& limits) const {
    if (limits.size() < 2) return;
    std::ranges::sort(limits, {},
                      [this](const shared_limit& limit) { return lines_.at(limit).waiting.begin()->first; });
}

bool host_wait_queue::someone_else_waits(const route& route, const relay_queue& asking_relay) {
    if (lines_.empty()) return false;
    bool waits = false;
    for (const shared_limit& each : lines_for(route, asking_relay.hop.domain)) {
        const visitor next = first(each);
        if (next == nullptr) continue;
        const line& here = lines_.at(each);
        waits = waits || (here.lacks_place && (next.get() != &asking_relay || here.waiting.size() > 1));
    }
    return waits;
}

void host_wait_queue::clear() {
    for (auto& [key, each] : lines_) cancel_alarm(each);
    lines_.clear();
}

}  // namespace waypost::relay
