#include "host_wait_queue.hpp"

#include <algorithm>

namespace waypost::relay {

using scope = shared_limit::scope;

void host_wait_queue::wait(const visitor& waiting, const shared_limit& at, std::optional<async::time_point> until) {
    if (waiting->ticket == 0) waiting->ticket = ++last_ticket_;
    line& here = lines_[at];
    if (here.waiting.emplace(waiting->ticket, waiting).second) waiting->lines.push_back(at);
    here.lacks_place = !until;
    if (until && (!here.next || *until < here.next->when)) wake_by(here, at, *until);
}

void host_wait_queue::wake_by(line& here, const shared_limit& key, async::time_point when) {
    cancel_alarm(here);
    const auto ring = [this, key] {
        if (const auto rung = lines_.find(key); rung != lines_.end()) rung->second.next.reset();
        on_alarm_(key);
    };
    here.next = alarm{when, alarms_.set(when, ring)};
}

void host_wait_queue::cancel_alarm(line& here) {
    if (here.next) alarms_.cancel(here.next->when, here.next->number);
    here.next.reset();
}

void host_wait_queue::leave(relay& one) {
    for (const shared_limit& each : one.lines) {
        const auto here = lines_.find(each);
        if (here == lines_.end()) continue;
        here->second.waiting.erase(one.ticket);
        if (!here->second.waiting.empty()) continue;
        // Who comes back names the moment anew; an alarm that outlived its line would be one more each time.
        cancel_alarm(here->second);
        lines_.erase(here);
    }
    one.lines.clear();
}

host_wait_queue::visitor host_wait_queue::first(const shared_limit& at) {
    for (;;) {
        const auto here = lines_.find(at);
        if (here == lines_.end()) return nullptr;
        const visitor next = here->second.waiting.begin()->second;
        if (next->wants_session()) return next;
        next->blocked = false;
        leave(*next);
        serve(*next);
    }
}

async::time_point host_wait_queue::next_moment_of(const relay& one) const {
    auto first = async::time_point::max();
    for (const shared_limit& each : one.lines) {
        const auto here = lines_.find(each);
        if (here != lines_.end() && here->second.next) first = std::min(first, here->second.next->when);
    }
    return first;
}

bool host_wait_queue::waits_at(const relay& one, const shared_limit& at) const {
    const auto here = lines_.find(at);
    return here != lines_.end() && here->second.waiting.contains(one.ticket);
}

template <class Visit>
void host_wait_queue::visit_lines_at(const host& to, Visit visit) const {
    const shared_limit lowest{.kind = scope::route, .via = {.from = {}, .to = to}, .domain = {}};
    for (auto here = lines_.lower_bound(lowest);
         here != lines_.end() && here->first.kind == scope::route && here->first.via.to == to; ++here) {
        visit(here->first);
    }
}

template <class Visit>
void host_wait_queue::visit_lines(const route& via, const std::string& domain, Visit visit) const {
    visit_lines_at(via.to, visit);
    const shared_limit of_source{.kind = scope::source, .via = {.from = via.from, .to = {}}, .domain = {}};
    for (auto here = lines_.lower_bound(of_source);
         here != lines_.end() && here->first.kind == scope::source && here->first.via.from == via.from; ++here) {
        visit(here->first);
    }
    const shared_limit of_domain{.kind = scope::domain, .via = {}, .domain = domain};
    for (auto here = lines_.lower_bound(of_domain);
         here != lines_.end() && here->first.kind == scope::domain && here->first.domain == domain; ++here) {
        visit(here->first);
    }
    if (const auto whole = lines_.find(shared_limit{}); whole != lines_.end()) visit(whole->first);
}

std::vector<shared_limit> host_wait_queue::lines_for(const route& via, const std::string& domain) const {
    std::vector<shared_limit> all;
    visit_lines(via, domain, [&all](const shared_limit& each) { all.push_back(each); });
    sort_by_age(all);
    return all;
}

std::vector<shared_limit> host_wait_queue::lines_at(const host& to) const {
    std::vector<shared_limit> all;
    visit_lines_at(to, [&all](const shared_limit& each) { all.push_back(each); });
    sort_by_age(all);
    return all;
}

void host_wait_queue::sort_by_age(std::vector<shared_limit>& which) const {
    if (which.size() < 2) return;
    std::ranges::sort(which, {}, [this](const shared_limit& each) { return lines_.at(each).waiting.begin()->first; });
}

bool host_wait_queue::someone_else_waits(const route& via, const relay& than) {
    if (lines_.empty()) return false;
    bool waits = false;
    for (const shared_limit& each : lines_for(via, than.hop.domain)) {
        const visitor next = first(each);
        if (next == nullptr) continue;
        const line& here = lines_.at(each);
        waits = waits || (here.lacks_place && (next.get() != &than || here.waiting.size() > 1));
    }
    return waits;
}

void host_wait_queue::clear() {
    for (auto& [key, each] : lines_) cancel_alarm(each);
    lines_.clear();
}

}  // namespace waypost::relay
