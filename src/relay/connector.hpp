// Opens a connection for a relay: tries its hosts and their addresses in order until one is ready for mail.
#pragma once

#include <memory>
#include <variant>

#include "connection.hpp"
#include "target.hpp"
#include "waypost/relay/engine.hpp"

namespace waypost::relay {

/// A connection that is ready for its first transaction, or what the last attempt failed with.
using opened = std::variant<std::unique_ptr<connection>, mail::status>;

class connector {
public:
    connector(const async::executor& on, const surroundings& with, const settings& how, const spool::next_hop& hop,
              const action_settings& action)
        : executor_(on), with_(with), settings_(how), hop_(hop), action_(action) {}

    async::awaitable<opened> open();

private:
    async::awaitable<opened> try_target(const target& one);
    async::awaitable<opened> try_address(const mail::relay_url& url, net::address ip);
    async::awaitable<opened> try_once(const mail::relay_url& url, net::address ip, std::uint16_t port,
                                      mail::transport_security security);
    async::awaitable<> prepare(connection& fresh, mail::transport_security security,
                               std::optional<smtp::session_failed>& refused);
    async::awaitable<base::result<std::unique_ptr<net::stream>>> connect(const mail::relay_url& url, net::address ip,
                                                                         std::uint16_t port);
    async::awaitable<base::result<std::optional<net::address>>> source_for(net::address ip);

    async::executor executor_;
    const surroundings& with_;
    const settings& settings_;
    const spool::next_hop& hop_;
    const action_settings& action_;
};

}  // namespace waypost::relay
