// The words of the relay room: a source is an address of ours, a host one of theirs, a route leads from one to the
// other.
#pragma once

#include <compare>
#include <string>
#include <tuple>

#include "waypost/net/endpoint.hpp"

namespace waypost::relay {

/// An address of ours to connect from; unspecified: the kernel chooses.
using source = net::address;

/// Where a server listens.
struct host {
    net::endpoint endpoint;
    std::string socket_path;  // a Unix socket; then `endpoint` means nothing

    [[nodiscard]] std::string text() const { return socket_path.empty() ? net::to_string(endpoint) : socket_path; }
    friend bool operator==(const host&, const host&) = default;
    friend auto operator<=>(const host& a, const host& b) {
        return std::tie(a.endpoint.ip, a.endpoint.port, a.socket_path) <=>
               std::tie(b.endpoint.ip, b.endpoint.port, b.socket_path);
    }
};

struct route {
    source source_address;
    host target;
    friend bool operator==(const route&, const route&) = default;
    friend auto operator<=>(const route& a, const route& b) {
        return std::tie(a.source_address, a.target) <=> std::tie(b.source_address, b.target);
    }
};

/// A source has its family, and the kernel's choice fits every host; so does any source a Unix socket.
[[nodiscard]] inline bool families_fit(const route& route) {
    return route.source_address.is_unspecified() || !route.target.socket_path.empty() ||
           route.source_address.is_v4() == route.target.endpoint.ip.is_v4();
}

}  // namespace waypost::relay
