#include "admission.hpp"

#include <algorithm>
#include <numeric>

namespace waypost::inbound {

namespace {

constexpr std::size_t part_kept_for_a_door = 8;

std::size_t index(door at) { return static_cast<std::size_t>(at); }

}  // namespace

door door_of(const listener_settings& listener) {
    if (!listener.at) return door::local;
    return listener.protocol.auth == smtp::demand::required ? door::submission : door::open;
}

admission::slot::~slot() {
    if (from_ != nullptr) --from_->used_[index(door_)];
}

// Where the system has few descriptors, one address must not have all of the few sessions.
admission::admission(const settings& limits)
    : limit_(limits.max_sessions),
      loopback_(limits.max_sessions_of_loopback),
      clients_(std::clamp<std::size_t>(limits.max_sessions / 2, 1, limits.max_sessions_of_client)),
      networks_(std::clamp<std::size_t>(limits.max_sessions / 2, 1, limits.max_sessions_of_network)) {
    for (const listener_settings& each : limits.listeners) {
        reserved_[index(door_of(each))] = limit_ / part_kept_for_a_door;
    }
}

std::variant<admission::visit, admission::refusal> admission::arrive(const std::optional<net::address>& ip) {
    if (!ip) return visit{};
    auto client = (ip->is_loopback() ? loopback_ : clients_).try_take(client_of(*ip));
    if (!client) return refusal{"too many connections from " + ip->to_string()};
    if (ip->is_loopback()) return visit{std::move(client), std::nullopt};
    auto network = networks_.try_take(network_of(*ip));
    if (!network) return refusal{"too many connections from the network of " + ip->to_string()};
    return visit{std::move(client), std::move(network)};
}

/// What the other doors have not taken of their shares.
std::size_t admission::kept_for_others(door at) const {
    std::size_t kept = 0;
    for (std::size_t other = 0; other < used_.size(); ++other) {
        if (other != index(at)) kept += reserved_[other] - std::min(used_[other], reserved_[other]);
    }
    return kept;
}

std::optional<admission::slot> admission::try_take(door at) {
    const std::size_t all = std::accumulate(used_.begin(), used_.end(), std::size_t{0});
    if (all + kept_for_others(at) >= limit_) return std::nullopt;
    ++used_[index(at)];
    return slot(*this, at);
}

}  // namespace waypost::inbound
