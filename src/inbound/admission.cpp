#include "admission.hpp"

#include <algorithm>
#include <numeric>

namespace waypost::inbound {

namespace {

constexpr std::size_t part_kept_for_a_door = 8;
constexpr std::size_t part_for_a_user = 4;

/// Where the system has few descriptors, one address must not have all of the few sessions; unless the administrator
/// has said how many it may have.
std::size_t limit_of(std::size_t configured, std::size_t usual, std::size_t sessions) {
    return configured == usual ? std::clamp<std::size_t>(sessions / 2, 1, usual) : configured;
}

std::size_t index(door door) { return static_cast<std::size_t>(door); }

}  // namespace

door door_of(const listener_settings& listener) {
    if (!listener.endpoint) return door::local;
    return listener.protocol.auth == smtp::requirement::required ? door::submission : door::open;
}

admission::slot::~slot() {
    if (admission_ != nullptr) --admission_->used_[index(door_)];
}

admission::admission(const settings& limits) { set_limits(limits); }

void admission::set_limits(const settings& limits) {
    const settings usual;
    limit_ = limits.max_sessions;
    loopback_.set_limit(limits.max_sessions_of_loopback);
    clients_.set_limit(limit_of(limits.max_sessions_of_client, usual.max_sessions_of_client, limit_));
    networks_.set_limit(limit_of(limits.max_sessions_of_network, usual.max_sessions_of_network, limit_));
    users_.set_limit(std::max<std::size_t>(limit_ / part_for_a_user, 1));
    reserved_ = {};
    for (const listener_settings& each : limits.listeners)
        reserved_[index(door_of(each))] = limit_ / part_kept_for_a_door;
}

std::variant<admission::visit, admission::refusal> admission::arrive(const std::optional<net::address>& ip,
                                                                     std::optional<unsigned> uid) {
    if (!ip) return arrive_locally(uid);
    auto client = (ip->is_loopback() ? loopback_ : clients_).try_take(client_of(*ip));
    if (!client) return refusal{"too many connections from " + ip->to_string()};
    if (ip->is_loopback()) return visit{std::move(client), std::nullopt, std::nullopt};
    auto network = networks_.try_take(network_of(*ip));
    if (!network) return refusal{"too many connections from the network of " + ip->to_string()};
    return visit{std::move(client), std::move(network), std::nullopt};
}

std::variant<admission::visit, admission::refusal> admission::arrive_locally(std::optional<unsigned> uid) {
    if (uid.value_or(0) == 0) return visit{};
    auto user = users_.try_take(*uid);
    if (!user) return refusal{"too many connections from user " + std::to_string(*uid)};
    return visit{std::nullopt, std::nullopt, std::move(user)};
}

/// What the other doors have not taken of their shares.
std::size_t admission::kept_for_others(door door) const {
    std::size_t kept = 0;
    for (std::size_t other = 0; other < used_.size(); ++other) {
        if (other != index(door)) kept += reserved_[other] - std::min(used_[other], reserved_[other]);
    }
    return kept;
}

std::optional<admission::slot> admission::try_take(door door) {
    const std::size_t all = std::accumulate(used_.begin(), used_.end(), std::size_t{0});
    if (all + kept_for_others(door) >= limit_) return std::nullopt;
    ++used_[index(door)];
    return slot(*this, door);
}

}  // namespace waypost::inbound
