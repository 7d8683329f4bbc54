// One session of a relay: takes the relay's tasks, one transaction after the other, down one connection.
#pragma once

#include <memory>

#include "connection.hpp"
#include "relay.hpp"
#include "waypost/relay/engine.hpp"

namespace waypost::relay {

class session {
public:
    session(const async::executor& on, const surroundings& with, const settings& how, relay& of, connection& over)
        : executor_(on), with_(with), settings_(how), relay_(of), connection_(over) {}

    /// Until the relay has no more work for it, its share of messages is done, or the connection fails.
    async::awaitable<> run();

private:
    async::awaitable<bool> next_task();
    async::awaitable<bool> wait_for_work();
    async::awaitable<bool> carry();
    void settle(const std::vector<mail::status>& each);
    void report(const spool::envelope& which, const mail::status& said);
    [[nodiscard]] bool try_elsewhere() const;
    [[nodiscard]] smtp::client_transaction transaction() const;

    async::executor executor_;
    const surroundings& with_;
    const settings& settings_;
    relay& relay_;
    connection& connection_;
    queue::task task_;
    std::size_t carried_ = 0;
};

}  // namespace waypost::relay
