// Whether a way out leads back in: mail for an MX host that is this machine under another name would go round until it
// has passed too many hosts (RFC 5321 section 5.1).
#pragma once

#include <span>

#include "waypost/net/endpoint.hpp"

namespace waypost::relay {

/// A connection there would come to one of these listeners. A listener on all addresses has those of the interfaces;
/// not the loopback, where others may listen on addresses of their own.
[[nodiscard]] bool is_ourselves(const net::endpoint& there, std::span<const net::endpoint> listeners);

}  // namespace waypost::relay
