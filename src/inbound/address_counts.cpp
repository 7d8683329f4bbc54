#include "address_counts.hpp"

#include <algorithm>

namespace waypost::inbound {

namespace {

/// The first octets of an address, and zeros.
net::address masked(const net::address& ip, std::size_t octets_of_v4, std::size_t octets_of_v6) {
    if (ip.is_v4()) {
        auto octets = ip.to_v4().to_bytes();
        std::fill(octets.begin() + static_cast<std::ptrdiff_t>(octets_of_v4), octets.end(), std::uint8_t{0});
        return boost::asio::ip::address_v4(octets);
    }
    auto octets = ip.to_v6().to_bytes();
    std::fill(octets.begin() + static_cast<std::ptrdiff_t>(octets_of_v6), octets.end(), std::uint8_t{0});
    return boost::asio::ip::address_v6(octets);
}

}  // namespace

net::address client_of(const net::address& ip) { return masked(ip, 4, 8); }
net::address network_of(const net::address& ip) { return masked(ip, 3, 6); }

address_counts::token::~token() {
    if (counts_ == nullptr) return;
    const auto mine = counts_->taken_.find(key_);
    if (--mine->second == 0) counts_->taken_.erase(mine);
}

std::optional<address_counts::token> address_counts::try_take(const net::address& key) {
    const auto [mine, is_new] = taken_.try_emplace(key, 0);
    if (mine->second >= limit_) {
        if (is_new) taken_.erase(mine);
        return std::nullopt;
    }
    ++mine->second;
    return token(*this, key);
}

std::size_t address_counts::of(const net::address& key) const {
    const auto found = taken_.find(key);
    return found == taken_.end() ? 0 : found->second;
}

}  // namespace waypost::inbound
