// From what `listen on` names to addresses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "waypost/config/grammar/model.hpp"
#include "waypost/net/endpoint.hpp"

namespace waypost::config {

struct listen_addresses {
    std::vector<net::address> addresses;  // never empty
    std::vector<net::address> skipped;    // of a family that this machine does not have
};
struct no_addresses {
    std::string reason;
    std::string hint;
};

/// An address, `all`, an interface (all of its addresses) or a host name, in this order. Blocks: it may ask the
/// resolver. IPv6 addresses that stand for more than themselves (`all`, a name) are skipped where the machine has no
/// IPv6.
[[nodiscard]] std::variant<listen_addresses, no_addresses> find_addresses(const std::string& listen_address,
                                                                          address_family family);

/// A port's number, or a service's name.
[[nodiscard]] std::optional<std::uint16_t> find_port(const std::string& text);

}  // namespace waypost::config
