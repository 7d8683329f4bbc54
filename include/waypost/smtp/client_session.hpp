// The client's side of an SMTP or LMTP conversation: all of its grammar and order, and no I/O. The driver
// (relay/session) asks for the next step, does it, and hands in the replies in the order in which they come.
//
// Every command that is written leaves an expectation in a queue and every reply takes the oldest, so replies are
// matched to their commands however many are under way; a reply that nobody expects is an error that ends the session.
// What each recipient was told is kept per recipient.
//
// Verbs are called when a step asked for them and at no other time (a std::logic_error otherwise); on_garbage() always.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "waypost/mail/envelope.hpp"
#include "waypost/mail/status.hpp"
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

struct client_transaction {
    mail::sender from;
    std::vector<mail::recipient> to;  // at least one
    std::uint64_t size = 0;  // octets of content, for SIZE=
    bool all_or_none = false;  // one refused recipient, and the message goes to nobody
    bool eight_bit = false;  // the content really has bytes over 127
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
/// Then ask again. What is secret must not be traced.
struct write_text {
    std::string bytes;
    bool secret = false;
};
/// The content of the transaction, dot-stuffed, with its end; then on_content_written(). A reply that comes before all
/// is written goes to on_reply() as always.
struct write_content {};
/// Then on_reply() or on_garbage().
struct read_reply {
    std::chrono::seconds within;
};
/// TLS as a client, then on_tls().
struct shake_hands {};
/// Then on_credentials().
struct need_credentials {};
/// begin() a transaction, or quit().
struct idle {};
/// What each recipient was told; the session goes on.
struct transaction_done {
    std::vector<mail::status> each;
};
/// Before mail could go, or in the middle of it; close.
struct session_failed {
    client_stage at;
    mail::status said;
};
/// QUIT is answered; close.
struct session_over {};
using client_step = std::variant<write_text, write_content, read_reply, shake_hands, need_credentials, idle,
                                 transaction_done, session_failed, session_over>;

class client_session {
public:
    explicit client_session(client_settings settings);

    /// What to do now. Asking changes the state (commands count as sent once they were handed out).
    [[nodiscard]] client_step next();

    void on_reply(reply said);
    /// The peer's bytes are no reply, or there are bytes that no command has earned (before a TLS handshake above all).
    void on_garbage(std::string_view what);
    void on_tls();
    void on_credentials(credentials who);
    void on_content_written();
    void begin(client_transaction what);
    void quit();

    /// The statuses gathered so far of a transaction that was cut short by a lost connection: a recipient who has his
    /// final word keeps it; for the others `otherwise` is it.
    [[nodiscard]] std::vector<mail::status> outcomes_or(const mail::status& otherwise) const;
    [[nodiscard]] bool in_transaction() const noexcept { return transaction_.has_value(); }
    [[nodiscard]] const extensions& offered() const noexcept { return offered_; }

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
        end_of_data,
        lmtp_recipient,
        unwanted_end,
        quit
    };
    struct expectation {
        expect what;
        std::size_t recipient = 0;
    };
    // What the driver has to do before anything else can go on.
    enum class duty { none, tls, credentials, content };
    // How much of the envelope is out.
    enum class progress { mail, recipients, data, all };

    // opening
    void send(std::string_view text, expect what, std::size_t recipient = 0);
    void hello();
    void on_opening_reply(expect was, const reply& said);
    void on_hello_refused(const reply& said);
    void after_hello();
    void send_secret(std::string_view command, std::string_view response, expect what);
    void on_auth_reply(expect was, const reply& said);
    // transactions
    void refuse_here(const mail::status& said);
    void send_envelope();
    void send_mail();
    void send_recipient(std::size_t index);
    void on_transaction_reply(const expectation& was, const reply& said);
    void on_data(const reply& said);
    void on_early_reply(const reply& said);
    void on_content_reply(const expectation& was, const reply& said);
    void tell_accepted(const mail::status& said);
    void finish_transaction();
    [[nodiscard]] bool anyone_accepted() const noexcept;
    [[nodiscard]] bool content_is_wanted() const noexcept;
    // ends
    void fail(client_stage at, mail::status said);

    client_settings settings_;
    extensions offered_;
    std::string out_;  // commands to hand out
    bool out_secret_ = false;
    std::deque<expectation> expected_;  // replies to come, in order
    std::optional<client_step> then_;  // to hand out once out_ is written
    duty due_ = duty::none;
    std::optional<session_failed> failed_;
    std::optional<client_transaction> transaction_;
    std::vector<std::optional<mail::status>> said_;  // by recipient: his final word
    std::vector<bool> accepted_;  // by recipient: RCPT was answered 2yz
    progress progress_ = progress::all;
    std::size_t next_recipient_ = 0;
    std::optional<credentials> who_;
    bool tls_active_ = false;
    bool tls_declined_ = false;  // STARTTLS was refused, and we may do without
    bool authenticated_ = false;
    bool mail_refused_ = false;
    bool reset_needed_ = false;  // the peer still has an unfinished transaction
    bool quitting_ = false;
    bool over_ = false;
};

}  // namespace waypost::smtp
