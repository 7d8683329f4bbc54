// Finds the hosts that take mail for a domain (RFC 5321 section 5.1): its MX hosts by preference, their addresses asked
// all at once; without MX records the domain itself; with a null MX (RFC 7505) none at all.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/dns/resolver.hpp"

namespace waypost::dns {

struct mx_host {
    std::uint16_t preference = 0;
    std::string name;
    std::vector<net::address> addresses;  // at least one
    bool authentic = false;  // the MX records as well as the addresses
};

enum class mx_failure {
    no_such_domain,  // permanent
    null_mx,  // permanent: the domain says that it takes no mail
    no_address,  // permanent: there are names, and none of them has an address
    unavailable,  // transient
};
/// For a person, without the domain's name.
[[nodiscard]] std::string_view words_for(mx_failure failure) noexcept;

/// What is known so far of one host, while others are still being asked.
struct mx_candidate {
    std::uint16_t preference = 0;
    std::string name;
    bool answered = false;  // false: still being asked
    std::vector<net::address> addresses;  // empty when answered: it has none, or could not be asked
    bool authentic = false;
};

/// All hosts, best first: after the MX answer, and again after the answer for each host. Never after the coroutine has
/// ended, and no more once it is being cancelled.
using mx_news = std::function<void(const std::vector<mx_candidate>&)>;

[[nodiscard]] std::uint32_t random_seed();

/// Sorted by preference, best first; hosts of equal preference in random order (RFC 5321 section 5.1), which `seed`
/// decides. A host whose addresses could not be asked is left out if another one has some. An address literal
/// ("[192.0.2.1]", "[IPv6:2001:db8::1]") or a bare address is its own only host and asks nobody.
async::awaitable<std::variant<std::vector<mx_host>, mx_failure>> find_mx_hosts(resolver& dns, std::string domain,
                                                                               std::uint32_t seed = random_seed(),
                                                                               mx_news on_news = {});

enum class no_preference {
    not_an_mx,  // permanent: the domain has MX hosts, and this is none of them
    no_such_domain,  // permanent
    unavailable,  // transient
};

/// The preference of one MX host of a domain; the case of its name does not matter. A domain without MX records is its
/// own host, of preference 0.
async::awaitable<std::variant<std::uint16_t, no_preference>> mx_preference(resolver& dns, std::string domain,
                                                                           std::string name);

}  // namespace waypost::dns
