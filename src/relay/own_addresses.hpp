// Whether a way out leads back in: mail for an MX host that is this machine under another name would go round until it
// has passed too many hosts (RFC 5321 section 5.1).
#pragma once

#include <functional>
#include <set>
#include <vector>

#include "waypost/async/clock.hpp"
#include "waypost/net/endpoint.hpp"

namespace waypost::relay {

/// How sure it is that a connection would come to one of our listeners.
enum class likeness {
    another,
    at_an_interface,  // the address is one of ours, but what comes in there may be passed on to another machine
    this_host,
};

class own_addresses {
public:
    using addresses = std::set<net::address>;
    using reader = std::function<addresses()>;

    own_addresses(std::vector<net::endpoint> listeners, const async::clock& time, reader read = {});

    void set_listeners(std::vector<net::endpoint> listeners) { listeners_ = std::move(listeners); }

    /// A listener on all addresses has the loopback and those of the interfaces, which are read anew when they are
    /// older than ten seconds: a stranger's MX records ask for thousands of addresses.
    [[nodiscard]] likeness of(const net::endpoint& endpoint);

private:
    [[nodiscard]] bool is_of_an_interface(const net::address& ip);

    std::vector<net::endpoint> listeners_;
    const async::clock& clock_;
    reader read_;
    addresses interfaces_;
    async::time_point stale_at_ = async::time_point::min();
};

}  // namespace waypost::relay
