// One session of a relay: takes tasks and carries them down one connection, several at a time where the host allows.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "connection.hpp"
#include "task_source.hpp"

namespace waypost::relay {

struct session_limits {
    std::size_t messages = 1000;  // then the connection is renewed, so that load balancers can balance
    std::size_t recipients = 100;
    /// Recipients refused one after the other: then the session leaves, before the host takes us for a guesser.
    std::size_t max_failures = 25;
    async::duration transaction_delay{};  // from the end of one to the next; they do not overlap then
};

class session {
public:
    /// All outlive it.
    session(task_source& work, const action_settings& settings, connection& connection, session_limits limits);

    /// Until there is no more work for it, its share of messages is done, or the connection fails.
    async::awaitable<> run();
    /// Why the connection failed, if it did, and not through a fault of ours.
    [[nodiscard]] std::optional<mail::status> lost() const { return connection_.unreadable() ? std::nullopt : lost_; }

private:
    async::awaitable<> fill();
    async::awaitable<> begin(queue::queued_message task);
    async::awaitable<base::result<std::shared_ptr<const spool::content>>> readable_content_of(
        std::shared_ptr<const spool::message> message);
    async::awaitable<> leave();
    [[nodiscard]] bool is_spent() const noexcept;
    [[nodiscard]] bool may_begin() const noexcept;
    [[nodiscard]] std::optional<queue::queued_message> next_task();
    [[nodiscard]] smtp::client_transaction transaction(const queue::queued_message& task) const;
    [[nodiscard]] mail::reverse_path sender(const spool::message& message, const spool::envelope& envelope) const;

    void settle_oldest(const std::vector<mail::status>& statuses);
    void settle(const queue::queued_message& task, const spool::envelope& envelope, const mail::status& status);
    void count(const mail::status& status) noexcept;
    void abandon(mail::status reason);
    [[nodiscard]] queue::queued_message abandon(queue::queued_message task, const smtp::interrupted& interrupted,
                                                const mail::status* verdict);
    void keep(queue::queued_message task);

    task_source& work_;
    const action_settings& action_;
    connection& connection_;
    session_limits limits_;
    std::deque<queue::queued_message> under_way_;  // begun, oldest first, as the connection has them
    std::deque<queue::queued_message> split_off_;  // taken, to be begun before anything else
    std::size_t begun_ = 0;
    std::size_t carried_ = 0;
    std::size_t failures_ = 0;  // consecutive
    bool was_idle_ = false;
    std::optional<mail::status> lost_;
};

}  // namespace waypost::relay
