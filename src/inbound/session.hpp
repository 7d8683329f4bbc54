// One client of ours: does what smtp::server_session asks for.
//
// The bytes are moved by smtp_io::server_connection, what the client may do is decided by client_policy, and the
// message that it sends is a transaction, which lives exactly as long as the protocol has one. A message that is being
// committed when the server stops gets its answer before the session ends.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "client_policy.hpp"
#include "transaction.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/inbound/peer_name.hpp"
#include "waypost/inbound/server.hpp"
#include "waypost/smtp_io/server_connection.hpp"

namespace waypost::inbound {

/// What a client is told, behind 421, when the server stops.
[[nodiscard]] std::string shutdown_words(const mail::domain& host);

class session {
public:
    session(const async::executor& executor, const dependencies& context, const settings& settings,
            const listener_settings& listener, budgets& shared, std::unique_ptr<net::stream> client);
    /// The whole session. Returns when it is over, however it ends.
    async::awaitable<> run();
    /// The server stops. The client is told as soon as it has the answers to all that it has sent; content may end.
    void end_soon() { connection_.end_soon(); }
    /// Nor is the rest of content, or of a TLS handshake, waited for any longer.
    void end_now() { connection_.end_now(); }

private:
    /// What a step came to: an answer to the protocol's question, or whether the session goes on.
    using outcome = std::variant<mail::status, bool>;

    async::awaitable<> converse();
    async::awaitable<bool> answer(const smtp_io::client_line& line);
    async::awaitable<> cleanup();

    // One for each alternative of smtp::server_step.
    async::awaitable<bool> perform(smtp::server_step step);
    async::awaitable<outcome> take(smtp::send_reply& step);
    async::awaitable<outcome> take(smtp::hang_up& step);
    async::awaitable<outcome> take(smtp::begin_tls& step);
    async::awaitable<outcome> take(smtp::check_sender& step);
    async::awaitable<outcome> take(smtp::check_recipient& step);
    async::awaitable<outcome> take(smtp::check_password& step);
    async::awaitable<outcome> take(smtp::begin_data& step);
    async::awaitable<outcome> go_on();
    async::awaitable<outcome> begin_tls();

    async::awaitable<bool> tls_handshake();
    async::awaitable<bool> receive_content();
    async::awaitable<bool> answer_content(content_chain& content);
    async::awaitable<mail::status> keep(content_chain& content);
    [[nodiscard]] mail::status accept(spool::receipt receipt);
    [[nodiscard]] header_changes changes_for(const mail::sender& sender) const;
    [[nodiscard]] std::string trace_fields() const;

    void reply(const smtp::reply& answer);
    void last_reply(const smtp::reply& answer, std::string_view reason);
    void say_farewell();
    void log_refusal(const smtp::reply& reply) const;

    const dependencies& context_;
    const settings& settings_;
    const listener_settings& listener_;
    budgets& shared_;
    smtp_io::server_connection connection_;
    smtp::server_session protocol_;
    transaction::owner owner_;
    std::string address_;  // for the log
    std::optional<net::tls_info> tls_;
    std::shared_ptr<peer_name> name_;
    async::task_group side_tasks_;
    client_policy policy_;
    std::optional<transaction> transaction_;
    std::string last_command_;
};

}  // namespace waypost::inbound
