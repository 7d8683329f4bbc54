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

std::string client_of(const net::stream& connection) {
    if (const auto peer = connection.peer()) return client_of(peer->ip).to_string();
    const auto uid = connection.peer_uid();
    return uid ? "user " + std::to_string(*uid) : std::string("local");
}

}  // namespace waypost::inbound
