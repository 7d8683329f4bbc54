// One client of ours: all of the I/O of an SMTP session, and no grammar (that is smtp::server_session).
//
// Replies that a burst of pipelined commands earns leave in one write, before the next wait for input. A transaction
// lives exactly as long as the protocol has one. A message that is being committed when the server stops gets its
// answer before the session ends.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "budgets.hpp"
#include "delivery_list.hpp"
#include "header_changes.hpp"
#include "password.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/inbound/peer_name.hpp"
#include "waypost/inbound/server.hpp"
#include "waypost/mail/trace.hpp"
#include "waypost/net/watchdog.hpp"
#include "waypost/rules/expansion.hpp"
#include "waypost/smtp/content_codec.hpp"
#include "waypost/smtp/line_buffer.hpp"
#include "waypost/spool/transaction.hpp"

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
    void end_soon();
    /// Nor is the rest of content, or of a TLS handshake, waited for any longer.
    void end_now();

private:
    /// What the session waits for from its client at this moment.
    enum class awaited { nothing, command, content, handshake, farewell };

    async::awaitable<> converse();
    async::awaitable<> linger();
    async::awaitable<> cleanup();
    async::awaitable<> say_shutdown();
    void add_last_reply();
    /// False at the end of the client's input, whatever ended it.
    async::awaitable<bool> read(awaited input, async::duration limit);
    async::awaitable<bool> greet();
    async::awaitable<bool> perform(smtp::server_step next);
    [[nodiscard]] bool may_read_command();
    [[nodiscard]] async::duration time_for_command() const;
    [[nodiscard]] async::duration time_for_content() const;
    async::awaitable<bool> flush();
    async::awaitable<bool> flush(async::duration limit);
    async::awaitable<bool> tls_handshake();

    async::awaitable<mail::status> check(mail::sender sender);
    async::awaitable<mail::status> check(mail::recipient recipient);
    [[nodiscard]] mail::status add_envelopes(const mail::mailbox& recipient, std::vector<spool::envelope> more);
    [[nodiscard]] mail::status refuse_for_number(const mail::mailbox& recipient);
    async::awaitable<mail::status> check(smtp::credentials credentials);
    async::awaitable<std::optional<password_verdict>> verdict_of(smtp::credentials credentials);
    mail::status refuse_login(const std::string& user);
    async::awaitable<bool> receive_content();
    async::awaitable<bool> answer_content(const smtp::content_decoder& decoder, const mail::hop_counter& hops,
                                          bool stored);
    void forget_transaction();
    async::awaitable<bool> store(std::string_view piece);
    async::awaitable<mail::status> finish(const smtp::content_decoder& decoder, const mail::hop_counter& hops,
                                          bool stored);
    [[nodiscard]] std::string trace_fields() const;
    [[nodiscard]] header_changes changes_for(const mail::sender& sender) const;
    [[nodiscard]] rules::envelope_context context_of(const mail::mailbox& recipient);

    void reply(const smtp::reply& answer);
    void log_refusal(const smtp::reply& reply);

    const dependencies& context_;
    const settings& settings_;
    const listener_settings& listener_;
    budgets& shared_;
    std::unique_ptr<net::stream> client_;
    net::watchdog watchdog_;
    smtp::server_session protocol_;
    smtp::line_buffer lines_;
    std::string out_;
    std::string id_;
    std::string address_;  // for the log
    std::string budget_key_;
    std::optional<net::tls_info> tls_;
    std::shared_ptr<peer_name> name_;
    async::task_group side_tasks_;
    std::optional<spool::transaction> transaction_;
    std::optional<header_changes> changes_;  // of the transaction
    delivery_list envelopes_;  // of the transaction
    struct payment {
        async::permits::token of_all;
        counts<std::string>::token of_client;
    };
    std::vector<payment> envelopes_paid_;
    unsigned failed_logins_ = 0;
    std::string only_recipient_;
    std::string last_command_;
    std::vector<std::string_view> pieces_;
    std::string_view reason_ = "quit";
    bool can_write_ = true;  // what we write can reach the client: false after a handshake that failed
    bool writing_ = false;
    bool has_replied_last_ = false;  // a reply after which nothing may follow
    bool ending_ = false;  // see end_soon()
    bool ending_now_ = false;
    awaited awaited_ = awaited::nothing;
    async::time_point last_accepted_;  // a message; before the first one, the beginning
    async::duration waited_for_content_{};
    std::uint64_t content_octets_ = 0;  // of the content that is being received, as they came
};

}  // namespace waypost::inbound
