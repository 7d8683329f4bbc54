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
    net::endpoint at;
    std::string socket_path;  // a Unix socket; then `at` means nothing

    [[nodiscard]] std::string text() const { return socket_path.empty() ? net::to_string(at) : socket_path; }
    friend bool operator==(const host&, const host&) = default;
    friend auto operator<=>(const host& a, const host& b) {
        return std::tie(a.at.ip, a.at.port, a.socket_path) <=> std::tie(b.at.ip, b.at.port, b.socket_path);
    }
};

struct route {
    source from;
    host to;
    friend bool operator==(const route&, const route&) = default;
    friend auto operator<=>(const route& a, const route& b) {
        return std::tie(a.from, a.to) <=> std::tie(b.from, b.to);
    }
};

/// A source has its family, and the kernel's choice fits every host; so does any source a Unix socket.
[[nodiscard]] inline bool families_fit(const route& one) {
    return one.from.is_unspecified() || !one.to.socket_path.empty() || one.from.is_v4() == one.to.at.ip.is_v4();
}

}  // namespace waypost::relay
