// One session of a relay: takes the relay's tasks, one transaction after the other, down one connection.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "connection.hpp"
#include "relay.hpp"
#include "waypost/relay/engine.hpp"

namespace waypost::relay {

class session {
public:
    /// `on_task_taken` is told whenever this session has taken a task: others may be needed for those that still wait.
    session(const async::executor& on, const surroundings& with, const settings& how, relay& of, connection& over,
            std::function<void()> on_task_taken)
        : executor_(on),
          with_(with),
          settings_(how),
          relay_(of),
          connection_(over),
          on_task_taken_(std::move(on_task_taken)),
          not_asked_yet_(of.fresh) {}

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
    std::function<void()> on_task_taken_;
    std::optional<counted> not_asked_yet_;
    queue::task task_;
    bool was_idle_ = false;
    std::size_t carried_ = 0;
};

}  // namespace waypost::relay
