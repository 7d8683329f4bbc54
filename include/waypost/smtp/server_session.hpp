// The server's side of an SMTP conversation: all of its grammar and order, and no I/O. The driver (inbound/session)
// feeds it lines and does what each step says.
//
// Invariants: at most one transaction at a time, and there is one exactly when in_transaction(); whatever ends it (the
// end of content accepted or refused, RSET, a new greeting, STARTTLS) ends it whole, so no recipient of one message can
// be left over for the next. Peer bytes appear in replies only escaped. A step that asks (judge_..., begin_data,
// check_password, begin_tls) is answered before the next line; a driver that does otherwise gets a std::logic_error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "waypost/mail/envelope.hpp"
#include "waypost/mail/status.hpp"
#include "waypost/smtp/command.hpp"
#include "waypost/smtp/content_codec.hpp"
#include "waypost/smtp/reply.hpp"
#include "waypost/smtp/sasl.hpp"

namespace waypost::smtp {

enum class requirement { no, offered, required };

/// What a client may cost in a session.
struct server_limits {
    std::uint64_t max_message_size = 35ULL << 20;
    std::size_t max_recipients = 1000;  // a transaction
    std::size_t max_transactions = 0;  // messages accepted in a session; 0: no limit
    /// 5yz replies in a session; the command after that many is answered with 421.
    std::size_t max_errors = 20;
    /// Commands since the last message that bring no mail nearer (NOOP, RSET, VRFY, HELP); one more is answered with
    /// 421.
    std::size_t max_idle_commands = 200;
};

struct server_settings {
    mail::domain host;  // names itself in the greeting
    requirement tls = requirement::no;  // STARTTLS
    requirement auth = requirement::no;
    bool dsn = true;
    bare_line_feed line_feed = bare_line_feed::normalize;  // in content; in a command it ends the session
    server_limits limits;
};

// --- steps
struct send_reply {
    smtp::reply reply;
};
/// Ask policy, then on_verdict().
struct check_sender {
    mail::sender sender;
};
/// Ask policy, then on_verdict().
struct check_recipient {
    mail::recipient recipient;
};
/// Open the message, then on_verdict(): success makes it a 354.
struct begin_data {};
/// Send, forget all pending input, shake hands, then on_tls().
struct begin_tls {
    smtp::reply reply;
};
/// Then on_verdict().
struct check_password {
    smtp::credentials credentials;
};
struct hang_up {
    reply last;
};
using server_step =
    std::variant<send_reply, check_sender, check_recipient, begin_data, begin_tls, check_password, hang_up>;

/// True if a client's first bytes are those of TLS, which no line of text begins with: it will wait for ever for an
/// answer that is no reply, so the driver need not wait for a line.
[[nodiscard]] bool looks_like_tls(std::string_view first_bytes) noexcept;

class server_session {
public:
    /// `tls_active`: TLS was there from the first byte.
    explicit server_session(server_settings settings, bool tls_active = false);

    [[nodiscard]] reply greeting() const;
    /// One command, or one line of a SASL exchange, without CRLF. `input_follows`: bytes behind it have come already.
    [[nodiscard]] server_step on_line(std::string_view line, bool input_follows = false);
    /// What of a line may be logged, before on_line() takes it: escaped, and no word of it that may be a password. A
    /// client that was refused AUTH, or never got so far, sends its password all the same, as a line that looks like
    /// anything; so only words that are known are shown, and arguments only where they are names and addresses.
    [[nodiscard]] std::string loggable(std::string_view line) const;
    /// A line that is none: too long, or with a bare CR or LF, which ends the session.
    [[nodiscard]] server_step on_bad_line(bool too_long);
    /// The answer to check_sender, check_recipient, begin_data or check_password. A success status's text may be
    /// empty. A 421 ends the session.
    [[nodiscard]] server_step on_verdict(const mail::status& status);
    /// The end of content has come and this is what became of the message; the transaction is over either way.
    [[nodiscard]] server_step on_content_end(const mail::status& status);
    void on_tls();

    [[nodiscard]] bool in_transaction() const noexcept { return state_ >= state::mail; }
    [[nodiscard]] bool receiving_content() const noexcept { return state_ == state::content; }
    [[nodiscard]] bool tls_active() const noexcept { return tls_active_; }
    [[nodiscard]] const std::string& authenticated_user() const noexcept { return user_; }
    [[nodiscard]] const std::string& helo() const noexcept { return helo_; }
    [[nodiscard]] bool extended() const noexcept { return extended_; }
    /// SMTP, ESMTP, ESMTPS, ESMTPA, ESMTPSA (RFC 3848).
    [[nodiscard]] std::string_view protocol_name() const noexcept;
    [[nodiscard]] const mail::sender& sender() const noexcept { return sender_; }
    [[nodiscard]] std::size_t recipients() const noexcept { return recipients_; }
    [[nodiscard]] std::size_t accepted_messages() const noexcept { return transactions_; }

private:
    enum class state { fresh, greeted, auth, mail, rcpt, content };
    enum class question { none, sender, recipient, content, password, tls };

    server_step refuse(int code, std::string_view enhanced, std::string_view text);
    server_step accept(int code, std::string_view enhanced, std::string_view text);
    server_step idle(server_step answer);
    server_step answer(const mail::status& status);
    server_step run(const command& line);
    server_step after_data(server_step next);
    server_step hello(const command& line);
    server_step mail_from(std::string_view argument);
    server_step rcpt_to(std::string_view argument);
    server_step data(std::string_view argument);
    server_step rset(std::string_view argument);
    server_step starttls(std::string_view argument);
    server_step auth(std::string_view argument);
    server_step auth_step(sasl_step next);
    server_step auth_verdict(const mail::status& status);
    [[nodiscard]] reply capabilities() const;
    [[nodiscard]] bool offers_auth() const noexcept;
    void end_transaction() noexcept;

    server_settings settings_;
    bool tls_active_;
    bool extended_ = false;
    state state_ = state::fresh;
    question question_ = question::none;
    bool input_follows_ = false;  // the last line
    bool data_refused_ = false;  // by the last reply
    std::string helo_;
    std::string user_;
    std::string claimed_user_;  // whose password is being checked
    sasl_exchange sasl_{sasl_mechanism::plain};
    mail::sender sender_;
    std::size_t recipients_ = 0;
    std::size_t rcpt_commands_ = 0;  // in this transaction
    std::size_t transactions_ = 0;
    std::size_t errors_ = 0;
    std::size_t idle_commands_ = 0;
};

}  // namespace waypost::smtp
