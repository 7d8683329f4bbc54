#include "windows.hpp"

#include <algorithm>

namespace waypost::queue {
namespace {

// When the total is used up: enough for a session's while, little enough for thousands of hops.
constexpr std::size_t small_share = 20;
constexpr std::size_t hard_limit_factor = 5;

}  // namespace

std::size_t windows::in_flight(const spool::next_hop& hop) const {
    const auto found = hops_.find(hop);
    return found == hops_.end() ? 0 : found->second.in_flight.size();
}

bool windows::in_flight(const spool::envelope& envelope) const {
    const auto found = hops_.find(envelope.hop);
    return found != hops_.end() && found->second.in_flight.contains(envelope.id);
}

std::size_t windows::share() const {
    if (in_flight_ >= limits_.total * hard_limit_factor) return 0;
    return in_flight_ < limits_.total ? limits_.window : std::min(limits_.window, small_share);
}

std::size_t windows::room_in_window(const state& hop) const {
    const std::size_t most = share();
    return most - std::min(most, hop.in_flight.size() - hop.in_reserve);
}

std::size_t windows::room_in_reserve(const state& hop) const {
    const std::size_t most = share() / 4;
    // Those whom a running refill must know of are bounded too.
    return most - std::min(most, std::max(hop.in_reserve, hop.admitted_meanwhile.size()));
}

void windows::depart(state& hop, spool::envelope_id id, place place) {
    hop.in_flight.emplace(id, place);
    ++in_flight_;
    if (place == place::reserve) ++hop.in_reserve;
}

std::vector<spool::envelope> windows::admit(const spool::next_hop& hop, std::vector<spool::envelope> fresh) {
    entry& at = *hops_.try_emplace(hop).first;
    state& its = at.second;
    const bool others_first = its.more_on_disk || its.refilling;
    std::size_t room = others_first ? 0 : room_in_window(its);
    place where = place::window;
    if (fresh.size() > room && fresh.size() <= std::min(spool::small_message, room_in_reserve(its))) {
        room = fresh.size();
        where = place::reserve;
    }
    if (fresh.size() > room) {
        fresh.erase(fresh.begin() + static_cast<std::ptrdiff_t>(room), fresh.end());
        its.more_on_disk = true;
    }
    for (const spool::envelope& each : fresh) {
        depart(its, each.id, where);
        if (its.refilling) its.admitted_meanwhile.insert(each.id);
    }
    look_at(at);
    return fresh;
}

bool windows::complete(const spool::envelope& envelope) {
    const auto found = hops_.find(envelope.hop);
    if (found == hops_.end()) return false;
    state& hop = found->second;
    const auto one = hop.in_flight.find(envelope.id);
    if (one == hop.in_flight.end()) return false;
    if (one->second == place::reserve) --hop.in_reserve;
    hop.in_flight.erase(one);
    --in_flight_;
    look_at(*found);
    return true;
}

std::map<spool::next_hop, windows::load> windows::loads() const {
    std::map<spool::next_hop, load> all;
    for (const auto& [name, hop] : hops_) all[name] = {hop.in_flight.size(), hop.more_on_disk || hop.refilling};
    return all;
}

void windows::on_disk(const spool::next_hop& hop) {
    entry& at = *hops_.try_emplace(hop).first;
    at.second.more_on_disk = true;
    look_at(at);
}

// Half of its share: a refill for each envelope that ends would cost a query each.
void windows::look_at(entry& entry) {
    state& hop = entry.second;
    if (hop.refilling || hop.waits_for_refill) return;
    if (hop.more_on_disk && hop.in_flight.size() - hop.in_reserve <= share() / 2) {
        hop.waits_for_refill = true;
        waiting_.push_back(entry.first);
    } else if (!hop.more_on_disk && hop.in_flight.empty()) {
        hops_.erase(hops_.find(entry.first));
    }
}

std::optional<refill_order> windows::next_refill() {
    while (refilling_ < limits_.refills && !waiting_.empty() && share() > 0) {
        spool::next_hop name = std::move(waiting_.front());
        waiting_.pop_front();
        state& hop = hops_.at(name);
        hop.waits_for_refill = false;
        const std::size_t room = room_in_window(hop);
        if (room == 0) continue;  // the shares have become smaller; the end of one in flight brings the hop back here
        hop.refilling = true;
        hop.more_on_disk = false;  // unless admit() or the answer says otherwise
        ++refilling_;
        std::vector<spool::envelope_id> known;
        known.reserve(hop.in_flight.size());
        for (const auto& [id, where] : hop.in_flight) known.push_back(id);
        return refill_order{std::move(name), room, std::move(known)};
    }
    return std::nullopt;
}

std::vector<spool::queued_message> windows::filled(const refill_order& order,
                                                   std::vector<spool::queued_message> entries) {
    state& hop = hops_.at(order.hop);
    std::size_t room = room_in_window(hop);
    std::size_t seen = 0;
    for (spool::queued_message& each : entries) {
        seen += each.envelopes.size();
        std::erase_if(each.envelopes, [&](const spool::envelope& envelope) {
            if (hop.admitted_meanwhile.contains(envelope.id)) return true;
            if (room == 0) {
                hop.more_on_disk = true;
                return true;
            }
            --room;
            depart(hop, envelope.id, place::window);
            return false;
        });
    }
    std::erase_if(entries, [](const spool::queued_message& entry) { return entry.envelopes.empty(); });
    if (seen >= order.limit) hop.more_on_disk = true;
    end_refill(order);
    return entries;
}

void windows::not_filled(const refill_order& order) {
    hops_.at(order.hop).more_on_disk = true;
    end_refill(order);
}

void windows::end_refill(const refill_order& order) {
    entry& at = *hops_.find(order.hop);
    --refilling_;
    at.second.refilling = false;
    at.second.admitted_meanwhile.clear();
    look_at(at);
}

}  // namespace waypost::queue
