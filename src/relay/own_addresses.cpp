#include "own_addresses.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

namespace waypost::relay {

namespace {

constexpr std::chrono::seconds interfaces_stay{10};

std::optional<net::address> address_in(const sockaddr* interface) {
    if (interface == nullptr) return std::nullopt;
    if (interface->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, interface, sizeof v4);
        return boost::asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (interface->sa_family != AF_INET6) return std::nullopt;
    sockaddr_in6 v6{};
    std::memcpy(&v6, interface, sizeof v6);
    boost::asio::ip::address_v6::bytes_type bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return boost::asio::ip::address_v6(bytes);  // without its scope: a name in the DNS has none
}

own_addresses::addresses read_interfaces() {
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return {};
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> list(all, &::freeifaddrs);
    own_addresses::addresses made;
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
        if (const auto ip = address_in(one->ifa_addr)) made.insert(*ip);
    }
    return made;
}

}  // namespace

own_addresses::own_addresses(std::vector<net::endpoint> listeners, const async::clock& time, reader read)
    : listeners_(std::move(listeners)), clock_(time), read_(read ? std::move(read) : &read_interfaces) {}

bool own_addresses::is_of_an_interface(const net::address& ip) {
    if (clock_.now() >= stale_at_) {
        interfaces_ = read_();
        stale_at_ = clock_.now() + interfaces_stay;
    }
    return interfaces_.contains(ip);
}

likeness own_addresses::of(const net::endpoint& endpoint) {
    const net::address ip = net::unmapped(endpoint.ip);
    bool takes_all = false;
    for (const net::endpoint& ours : listeners_) {
        if (ours.port != endpoint.port || ours.ip.is_v4() != ip.is_v4()) continue;
        const bool is_on_all = ours.ip.is_unspecified();
        if (is_on_all ? ip.is_loopback() : ours.ip == ip) return likeness::this_host;
        takes_all = takes_all || is_on_all;
    }
    return takes_all && is_of_an_interface(ip) ? likeness::at_an_interface : likeness::another;
}

}  // namespace waypost::relay
