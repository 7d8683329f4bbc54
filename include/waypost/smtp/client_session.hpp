// The client's side of an SMTP or LMTP conversation: all of its grammar and order, and no I/O. The driver
// (relay/conversation) asks for the next step, does it, and hands in the replies in the order in which they come.
//
// Every command that is written leaves an expectation in a queue and every reply takes the oldest, so replies are
// matched to their commands however many are under way, and each expectation names its transaction; a reply that nobody
// expects is an error that ends the session.
//
// With PIPELINING transactions overlap. Behind a DATA nothing may follow until it is answered, but the content may be
// the first thing of the next flight (RFC 2920 section 3.1), so it goes together with the next envelope. With CHUNKING
// too (RFC 3030) nothing is waited for: `MAIL RCPT BDAT <content>` of several messages go in one flight. A host may
// refuse any of that, and after a BDAT that failed its state is uncertain (all recipients refused: many keep the
// transaction open, and would answer the next MAIL with 503). So wherever the end of the transaction before is not
// known when a MAIL is written, RSET stands between them. That costs six octets and a reply; the other way, to send
// again what was refused because of its neighbour, would need to tell such refusals from others by their texts.
//
// Verbs are called when a step asked for them and at no other time (a std::logic_error otherwise), but for on_garbage()
// and on_lost().
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "waypost/mail/status.hpp"
#include "waypost/smtp/client_transaction.hpp"
#include "waypost/smtp/extensions.hpp"
#include "waypost/smtp/reply.hpp"
#include "waypost/smtp/sasl.hpp"

namespace waypost::smtp {

enum class client_tls { never, if_offered, demanded, already };

struct client_settings {
    std::string helo;
    bool lmtp = false;
    client_tls tls = client_tls::if_offered;
    bool authenticate = false;  // a label is set: mail may go only after AUTH
};

/// At which point a session failed before it could carry mail; the relay decides by it what the failure says about the
/// route, the credential and the mail that waits.
enum class client_stage {
    greeting,
    hello,
    tls_not_offered,
    tls_refused,
    auth_not_offered,
    auth_refused,
    protocol,
    transaction
};

// --- steps
/// Then ask again. What is secret must not be traced. It may go in one write with the steps that follow, up to the next
/// that is neither text nor content.
struct write_text {
    std::string bytes;
    bool secret = false;
};
/// The content of a transaction, counted from 0 over the session. A chunk goes as it lies, in the same write as its
/// command, and counts as written. Other content goes dot-stuffed, with its end, then on_content_written(); a reply
/// that comes before goes to on_reply() as always.
struct write_content {
    std::uint64_t transaction = 0;
    bool chunk = false;
};
/// Then on_reply(), on_garbage() or on_lost().
struct read_reply {
    std::chrono::seconds within;
};
/// TLS as a client, then on_tls().
struct tls_handshake {};
/// Then on_credentials().
struct need_credentials {};
/// Nothing is under way: begin() a transaction, or quit().
struct idle {};
/// What each recipient of the oldest transaction was told; the session goes on.
struct transaction_done {
    std::vector<mail::status> statuses;
};
/// Before mail could go, or in the middle of it; close. unfinished() tells of the transactions that it cut short.
struct session_failed {
    client_stage stage;
    mail::status status;
};
/// QUIT is answered; close.
struct session_over {};
using client_step = std::variant<write_text, write_content, read_reply, tls_handshake, need_credentials, idle,
                                 transaction_done, session_failed, session_over>;

class client_session {
public:
    explicit client_session(client_settings settings);

    /// What to do now. Asking changes the state (commands count as sent once they were handed out). Where a reply is at
    /// hand already it is read before anything is written: what it says may be worth a write, and one that came before
    /// its command is found out.
    [[nodiscard]] client_step next(bool reply_at_hand = false);

    void on_reply(reply answer);
    /// The peer's bytes are no reply, or there are bytes that no command has earned (before a TLS handshake above all).
    void on_garbage(std::string_view text);
    /// No more can be read or written.
    void on_lost(mail::status reason);
    void on_tls();
    void on_credentials(credentials who);
    void on_content_written();
    /// Only where there is room. It ends with a transaction_done, after those that began before it.
    void begin(client_transaction what);
    void quit();

    /// Whether one more transaction may begin() now: none is under way, or it may overlap with those that are.
    [[nodiscard]] bool has_room() const noexcept;
    [[nodiscard]] bool in_transaction() const noexcept { return !transactions_.empty(); }
    /// The transactions under way, oldest first: after a failure, those that it cut short.
    [[nodiscard]] std::vector<interrupted> unfinished() const;
    [[nodiscard]] bool has_ended() const noexcept { return failed_.has_value() || is_over_; }
    [[nodiscard]] const extensions& offered() const noexcept { return offered_; }
    /// The name that the server gave itself in its answer to EHLO; empty before.
    [[nodiscard]] const std::string& server_name() const noexcept { return server_name_; }

private:
    enum class expect {
        greeting,
        ehlo,
        helo,
        starttls,
        auth_plain,
        auth_plain_long,
        auth_login,
        auth_user,
        auth_password,
        rset,
        mail,
        rcpt,
        data,
        chunk,
        end_of_data,
        lmtp_recipient,
        unwanted_end,
        quit
    };
    struct expectation {
        expect expected;
        std::size_t recipient = 0;
        std::uint64_t transaction = 0;
    };
    struct queued_chunk {
        std::string prefix;  // commands, the last one its BDAT
        std::uint64_t transaction = 0;
    };
    // What the driver has to do before anything else can go on.
    enum class pending_action { none, tls, credentials, content };

    [[nodiscard]] client_step next_of_chunks();
    void send(std::string_view text, expect expected);
    [[nodiscard]] static std::chrono::seconds time_limit(expect expected) noexcept;
    // opening: client_session_opening.cpp
    void hello();
    void on_opening_reply(expect was, const reply& reply);
    void on_hello_refused(const reply& reply);
    void after_hello();
    void send_secret(std::string_view command, std::string_view response, expect expected);
    void on_auth_reply(expect was, const reply& reply);
    // transactions: client_session_transactions.cpp
    void send_for(pending_transaction& transaction, std::string_view text, expect expected, std::size_t recipient = 0);
    void expect_for(pending_transaction& transaction, expect expected, std::size_t recipient = 0);
    void go_on();
    [[nodiscard]] bool send_more(pending_transaction& transaction);
    void send_mail(pending_transaction& transaction);
    void send_recipients(pending_transaction& transaction);
    void send_data(pending_transaction& transaction);
    [[nodiscard]] bool fits_in_flight(const pending_transaction& transaction) const noexcept;
    [[nodiscard]] static bool makes_sense(expect expected, int code) noexcept;
    [[nodiscard]] static bool answers_content(expect expected) noexcept;
    void on_transaction_reply(const expectation& was, const reply& reply);
    void on_envelope_reply(pending_transaction& transaction, const expectation& was, const reply& reply);
    void on_data(pending_transaction& transaction, const reply& reply);
    void on_content_reply(pending_transaction& transaction, const expectation& was, const reply& reply);
    void on_early_reply(const reply& reply);
    void on_closing(pending_transaction& transaction, const expectation& was, const reply& reply);
    // ends
    void fail(client_stage stage, mail::status status);

    client_settings settings_;
    extensions offered_;
    std::string server_name_;
    std::deque<queued_chunk> chunks_;  // to hand out, and behind them
    std::string out_;  // commands
    bool out_secret_ = false;
    std::size_t unsent_ = 0;  // of the expectations, at the end: their commands are in out_
    std::deque<expectation> expected_;  // replies to come, in order
    std::optional<client_step> next_step_;  // to hand out once out_ is written
    pending_action due_ = pending_action::none;
    std::optional<session_failed> failed_;
    std::optional<mail::status> odd_answer_;  // to content, and good: the session ends with that transaction
    std::deque<pending_transaction> transactions_;
    std::deque<transaction_done> done_;  // to hand out
    std::uint64_t ended_ = 0;  // transactions that have ended: the number of the oldest under way
    std::size_t sending_ = 0;  // of those under way: of the ones before it nothing is left to send
    std::uint64_t last_mail_ = 0;  // the transaction whose MAIL was sent last
    std::uint64_t chunks_in_flight_ = 0;  // octets that are unanswered
    std::optional<credentials> credentials_;
    bool tls_active_ = false;
    bool tls_declined_ = false;  // STARTTLS was refused, and we may do without
    bool authenticated_ = false;
    bool reset_needed_ = false;  // when the peer comes to the next command it may have an unfinished transaction
    bool quitting_ = false;
    bool is_over_ = false;
};

/// A server's answer that does not belong where it came.
[[nodiscard]] mail::status wrong_reply(const reply& reply);

}  // namespace waypost::smtp
