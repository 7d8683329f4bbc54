// Internet addresses, ports and networks, parsed once at the edge.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace waypost::net {

using address = boost::asio::ip::address;

/// "1.2.3.4", "::1" or "[::1]"; an IPv4-mapped IPv6 address becomes its IPv4 self.
[[nodiscard]] std::optional<address> parse_address(std::string_view text);
/// "1.2.3.4" or "IPv6:::1", as RFC 5321 section 4.1.3 writes it between its brackets.
[[nodiscard]] std::string address_literal(const address& ip);
[[nodiscard]] address unmapped(const address& ip);

struct endpoint {
    address ip;
    std::uint16_t port = 0;
    friend bool operator==(const endpoint&, const endpoint&) = default;
};
/// "1.2.3.4:25" or "[::1]:25".
[[nodiscard]] std::string to_string(const endpoint& endpoint);

/// A network in CIDR notation; a bare address is a network of one. "[v6]/n" is understood too.
class cidr {
public:
    [[nodiscard]] static std::optional<cidr> parse(std::string_view text);
    [[nodiscard]] bool contains(const address& ip) const;

private:
    address network_;
    unsigned bits_ = 0;
};

}  // namespace waypost::net
