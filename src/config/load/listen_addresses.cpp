#include "listen_addresses.hpp"

#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/config/syntax/words.hpp"

namespace waypost::config {
namespace {

std::optional<net::address> address_of(const sockaddr* from) {
    if (from == nullptr) return std::nullopt;
    if (from->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, from, sizeof v4);
        return net::address(boost::asio::ip::address_v4(ntohl(v4.sin_addr.s_addr)));
    }
    if (from->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, from, sizeof v6);
        boost::asio::ip::address_v6::bytes_type bytes{};
        std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
        return net::address(boost::asio::ip::address_v6(bytes, v6.sin6_scope_id));
    }
    return std::nullopt;
}

bool wanted(const net::address& ip, address_family family) {
    return family == address_family::any || (family == address_family::inet4) == ip.is_v4();
}

void add_once(std::vector<net::address>& addresses, const net::address& ip) {
    if (std::find(addresses.begin(), addresses.end(), ip) == addresses.end()) addresses.push_back(ip);
}

struct interfaces {
    std::vector<std::string> names;
    std::vector<net::address> of_the_wanted;
};

interfaces find_interface(const std::string& name) {
    interfaces all;
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return all;
    for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
        if (std::find(all.names.begin(), all.names.end(), one->ifa_name) == all.names.end()) {
            all.names.emplace_back(one->ifa_name);
        }
        if (name != one->ifa_name) continue;
        if (const auto ip = address_of(one->ifa_addr)) add_once(all.of_the_wanted, *ip);
    }
    ::freeifaddrs(first);
    return all;
}

/// Why the name has no addresses; empty if it has.
std::string resolve(const std::string& name, std::vector<net::address>& addresses) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* first = nullptr;
    if (const int failed = ::getaddrinfo(name.c_str(), nullptr, &hints, &first); failed != 0)
        return ::gai_strerror(failed);
    for (const addrinfo* one = first; one != nullptr; one = one->ai_next) {
        if (const auto ip = address_of(one->ai_addr)) add_once(addresses, *ip);
    }
    ::freeaddrinfo(first);
    return {};
}

/// Whether this machine has the IPv6 address, or any IPv6 at all: a kernel without it refuses the socket, one where it
/// is turned off the address.
bool can_be_bound(const net::address& ip) {
    if (ip.is_v4()) return true;
    const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    sockaddr_in6 where{};
    where.sin6_family = AF_INET6;
    where.sin6_scope_id = static_cast<std::uint32_t>(ip.to_v6().scope_id());
    const auto bytes = ip.to_v6().to_bytes();
    std::memcpy(&where.sin6_addr, bytes.data(), bytes.size());
    const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
    ::close(fd);
    return bound;
}

std::variant<listen_addresses, no_addresses> choose(const std::vector<net::address>& addresses, address_family family,
                                                    const std::string& listen_address) {
    listen_addresses chosen;
    for (const net::address& ip : addresses) {
        if (!wanted(ip, family)) continue;
        (can_be_bound(ip) ? chosen.addresses : chosen.skipped).push_back(ip);
    }
    if (!chosen.addresses.empty()) return chosen;
    return no_addresses{"\"" + base::printable(listen_address, 64) + "\" has no address that can be listened on here",
                        family == address_family::any ? "" : "leave out inet4 and inet6"};
}

}  // namespace

std::variant<listen_addresses, no_addresses> find_addresses(const std::string& listen_address, address_family family) {
    if (const auto ip = net::parse_address(listen_address)) {
        // As it was written: if it cannot be bound, the start fails and says so.
        if (wanted(*ip, family)) return listen_addresses{{*ip}, {}};
        return no_addresses{"\"" + listen_address + "\" is not of the family that is wanted",
                            "leave out inet4 and inet6"};
    }
    if (listen_address == "all") {
        return choose({boost::asio::ip::address_v4::any(), boost::asio::ip::address_v6::any()}, family, listen_address);
    }
    // A name that is the same everywhere (RFC 6761 section 6.3), whatever /etc/hosts has.
    if (listen_address == "localhost") {
        return choose({boost::asio::ip::address_v4::loopback(), boost::asio::ip::address_v6::loopback()}, family,
                      listen_address);
    }
    const interfaces all = find_interface(listen_address);
    if (!all.of_the_wanted.empty()) return choose(all.of_the_wanted, family, listen_address);
    std::vector<net::address> found;
    if (const std::string why = resolve(listen_address, found); !why.empty()) {
        std::vector<std::string_view> known(all.names.begin(), all.names.end());
        known.emplace_back("all");
        known.emplace_back("socket");
        known.emplace_back("localhost");
        return no_addresses{"\"" + base::printable(listen_address, 64) +
                                "\" is no address, no interface and no host name (" + why + ")",
                            did_you_mean(listen_address, known)};
    }
    return choose(found, family, listen_address);
}

std::optional<std::uint16_t> find_port(const std::string& text) {
    if (const auto number = base::parse_number(text)) {
        if (*number > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
        return static_cast<std::uint16_t>(*number);
    }
    // Not only in /etc/services, which a container may not have.
    if (text == "smtp") return 25;
    if (text == "submission") return 587;
    if (text == "smtps" || text == "submissions") return 465;
    if (const servent* const service = ::getservbyname(text.c_str(), "tcp")) {
        return ntohs(static_cast<std::uint16_t>(service->s_port));
    }
    return std::nullopt;
}

}  // namespace waypost::config
