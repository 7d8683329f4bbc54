// Finds the hosts that take mail for a domain (RFC 5321 section 5.1): its MX hosts by preference, their addresses asked
// all at once; without MX records the domain itself; with a null MX (RFC 7505) none at all.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/dns/resolver.hpp"

namespace waypost::dns {

struct mx_host {
    std::uint16_t preference = 0;
    std::string name;
    std::vector<net::address> addresses;  // at least one
};

enum class mx_failure {
    no_such_domain,  // permanent
    null_mx,  // permanent: the domain says that it takes no mail
    no_address,  // permanent: there are names, and none of them has an address
    unavailable,  // transient
};

[[nodiscard]] std::uint32_t random_seed();

/// Sorted by preference, best first; hosts of equal preference in random order (RFC 5321 section 5.1), which `seed`
/// decides. A host whose addresses could not be asked is left out if another one has some. An address literal
/// ("[192.0.2.1]",
/// "[IPv6:2001:db8::1]") or a bare address is its own only host and asks nobody.
async::awaitable<std::variant<std::vector<mx_host>, mx_failure>> find_mx_hosts(resolver& dns, std::string domain,
                                                                               std::uint32_t seed = random_seed());

}  // namespace waypost::dns
