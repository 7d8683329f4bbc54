// What the DNS answered, and what it means. Pure: bytes in, records out; whatever the bytes are.
#pragma once

#include <string>
#include <vector>

#include "waypost/base/result.hpp"
#include "waypost/dns/resolver.hpp"

namespace waypost::dns {

/// As c-ares hands it over: one of its status codes and, with ARES_SUCCESS, the message.
struct answer {
    int status = 0;
    std::vector<unsigned char> message;
};

// Each is an empty list where the name exists without such records.
[[nodiscard]] base::result<std::vector<net::address>> ipv4_addresses(const answer& from);
[[nodiscard]] base::result<std::vector<net::address>> ipv6_addresses(const answer& from);
[[nodiscard]] base::result<std::vector<mx_record>> mx_records(const answer& from);
[[nodiscard]] base::result<std::vector<std::string>> pointer_names(const answer& from);

/// Both address families of one name. A name that has one family needs no answer about the other one; a name that has
/// none is only without addresses if both questions were answered.
[[nodiscard]] base::result<std::vector<net::address>> merge(base::result<std::vector<net::address>> ipv4,
                                                            base::result<std::vector<net::address>> ipv6);

/// The name under which the DNS keeps the names of an address: "1.2.0.192.in-addr.arpa".
[[nodiscard]] std::string pointer_name(const net::address& ip);

}  // namespace waypost::dns
