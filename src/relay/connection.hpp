// One connection of a relay: a client connection, with the TLS and the credentials that its URL and its action ask for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "waypost/mail/relay_url.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/relay/settings.hpp"
#include "waypost/smtp_io/client_connection.hpp"

namespace waypost::relay {

/// What the log says of a connection.
struct connection_names {
    std::string session;
    std::string relay;  // the URL
    std::string remote;  // name and address of the host
    std::string source;  // our address
};

class connection {
public:
    /// Where a pump() ends: idle, transaction_done, session_failed or session_over.
    using pause = smtp::client_step;

    connection(const async::executor& executor, std::unique_ptr<net::stream> peer, async::clock& time,
               observe::log& log, const time_limits& limits, const action_settings& action, mail::relay_url url,
               smtp::client_settings settings, connection_names names);

    async::awaitable<> keep_time() { return client_.keep_time(); }
    /// TLS now; why it cannot be had.
    async::awaitable<std::optional<mail::status>> start_tls();
    async::awaitable<pause> pump();

    void begin(smtp::client_transaction transaction, std::shared_ptr<const net::byte_source> content) {
        client_.begin(std::move(transaction), std::move(content));
    }
    void quit() { client_.protocol().quit(); }
    void close() { client_.close(); }

    /// Whether another transaction may begin, beside those under way.
    [[nodiscard]] bool has_room() const noexcept { return client_.protocol().has_room(); }
    [[nodiscard]] bool has_reply_at_hand() const noexcept { return client_.has_reply_at_hand(); }
    /// Nothing can be carried any more; what is known already may still be handed out by pump().
    [[nodiscard]] bool has_ended() const noexcept { return client_.protocol().has_ended(); }
    /// After a failure: the transactions that it cut short, oldest first.
    [[nodiscard]] std::vector<smtp::interrupted> unfinished() const { return client_.protocol().unfinished(); }
    [[nodiscard]] const std::optional<smtp_io::client_connection::unreadable_content>& unreadable() const noexcept {
        return client_.unreadable();
    }
    [[nodiscard]] const smtp::extensions& offered() const noexcept { return client_.protocol().offered(); }
    [[nodiscard]] const connection_names& names() const noexcept { return names_; }
    [[nodiscard]] async::clock& clock() const noexcept { return clock_; }
    [[nodiscard]] bool peer_takes_dsn() const noexcept { return offered().dsn; }

private:
    async::awaitable<std::optional<mail::status>> supply_credentials();
    [[nodiscard]] const net::tls_context& tls_context() const;

    async::clock& clock_;
    observe::log& log_;
    const time_limits& limits_;
    const action_settings& action_;
    mail::relay_url url_;
    connection_names names_;
    smtp_io::client_connection client_;
};

}  // namespace waypost::relay
