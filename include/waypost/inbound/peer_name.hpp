// The name of a client's address, confirmed both ways (FCrDNS). Asked for beside the session, so that a slow DNS delays
// no greeting; only a rule that wants the name waits for it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "waypost/async/event.hpp"
#include "waypost/dns/resolver.hpp"

namespace waypost::inbound {

class peer_name {
public:
    explicit peer_name(const async::executor& executor) : answered_(executor) {}

    /// Asks; to be started in a group, with `self` keeping it alive.
    static async::awaitable<> ask(std::shared_ptr<peer_name> self, dns::resolver& dns, net::address ip);

    /// What is known by now; empty: no confirmed name, or none yet.
    [[nodiscard]] const std::string& known() const noexcept { return name_; }
    /// Waits for the answer; an error means that the DNS could not be asked.
    async::awaitable<base::result<std::string>> wait();

private:
    async::awaitable<base::result<std::string>> confirmed(dns::resolver& dns, net::address ip);

    std::string name_;
    base::error_code failed_;
    bool done_ = false;
    async::event answered_;
};

}  // namespace waypost::inbound
