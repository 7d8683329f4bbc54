#include "ourselves.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace waypost::relay {

namespace {

bool is_at(const sockaddr* interface, const net::address& ip) {
    if (interface == nullptr || interface->sa_family != (ip.is_v4() ? AF_INET : AF_INET6)) return false;
    if (ip.is_v4()) {
        sockaddr_in at{};
        std::memcpy(&at, interface, sizeof at);
        return ntohl(at.sin_addr.s_addr) == ip.to_v4().to_uint();
    }
    sockaddr_in6 at{};
    std::memcpy(&at, interface, sizeof at);
    return std::memcmp(&at.sin6_addr, ip.to_v6().to_bytes().data(), sizeof at.sin6_addr) == 0;
}

bool is_of_an_interface(const net::address& ip) {
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return false;
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> list(all, &::freeifaddrs);
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
        if (is_at(one->ifa_addr, ip)) return true;
    }
    return false;
}

}  // namespace

bool is_ourselves(const net::endpoint& there, std::span<const net::endpoint> listeners) {
    const net::address ip = net::unmapped(there.ip);
    return std::ranges::any_of(listeners, [&](const net::endpoint& ours) {
        if (ours.port != there.port || ours.ip.is_v4() != ip.is_v4()) return false;
        if (!ours.ip.is_unspecified()) return ours.ip == ip;
        return !ip.is_loopback() && is_of_an_interface(ip);
    });
}

}  // namespace waypost::relay
