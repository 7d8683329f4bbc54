// Answers of the DNS as records. Pure; one damaged record makes the whole answer malformed, for what is left of it may
// not be what its owner meant.
#pragma once

#include <string>
#include <vector>

#include "reply.hpp"
#include "waypost/base/result.hpp"
#include "waypost/dns/resolver.hpp"

namespace waypost::dns {

// Each is an empty list where the name exists without such records.
[[nodiscard]] base::result<address_answer> ipv4_addresses(const answer& answer);
[[nodiscard]] base::result<address_answer> ipv6_addresses(const answer& answer);
[[nodiscard]] base::result<mx_answer> mx_records(const answer& answer);
[[nodiscard]] base::result<tlsa_answer> tlsa_records(const answer& answer);
[[nodiscard]] base::result<std::vector<std::string>> texts(const answer& answer);
/// An address that the DNS does not know has no names: that is no error.
[[nodiscard]] base::result<std::vector<std::string>> pointer_names(const answer& answer);

/// Both address families of one name. A name that has one family needs no answer about the other one; a name that has
/// none is only without addresses if both questions were answered.
[[nodiscard]] base::result<address_answer> merge(base::result<address_answer> ipv4, base::result<address_answer> ipv6);

/// The name under which the DNS keeps the names of an address: "1.2.0.192.in-addr.arpa".
[[nodiscard]] std::string pointer_name(const net::address& ip);

}  // namespace waypost::dns
