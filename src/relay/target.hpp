// Which hosts a relay may try, in their order.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/dns/resolver.hpp"
#include "waypost/mail/relay_url.hpp"
#include "waypost/mail/status.hpp"
#include "waypost/net/endpoint.hpp"
#include "waypost/relay/settings.hpp"
#include "waypost/spool/message.hpp"

namespace waypost::relay {

struct target {
    mail::relay_url url;
    std::vector<net::address> addresses;  // MX hosts come with theirs; empty: to be looked up
};

/// The action's relay URLs, beginning with the one whose turn it is, or the MX hosts of the domain, best first. A
/// status when there are none: permanent if the domain takes no mail, transient if that could not be found out.
async::awaitable<std::variant<std::vector<target>, mail::status>> targets_of(const spool::next_hop& hop,
                                                                             const action_settings& action,
                                                                             dns::resolver& dns);

/// The addresses of one target, or the transient status that says why there are none.
async::awaitable<std::variant<std::vector<net::address>, mail::status>> addresses_of(const target& one,
                                                                                     dns::resolver& dns);

}  // namespace waypost::relay
