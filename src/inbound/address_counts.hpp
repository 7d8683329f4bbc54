// What counts as one client, and as one owner of clients, where something is shared between them.
#pragma once

#include <string>

#include "counts.hpp"
#include "waypost/net/endpoint.hpp"
#include "waypost/net/stream.hpp"

namespace waypost::inbound {

/// What one client has for itself: an IPv4 address, or the /64 of an IPv6 address, all of which is one host's to use.
[[nodiscard]] net::address client_of(const net::address& ip);
/// What one owner is likely to have: an IPv4 /24, an IPv6 /48.
[[nodiscard]] net::address network_of(const net::address& ip);
/// The client at the other end: the above or, on this machine, a user.
[[nodiscard]] std::string client_of(const net::stream& connection);

using address_counts = counts<net::address>;

}  // namespace waypost::inbound
