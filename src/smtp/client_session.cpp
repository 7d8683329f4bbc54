#include "waypost/smtp/client_session.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"

namespace waypost::smtp {

using namespace std::chrono_literals;

namespace {

// RFC 2920 section 3.1: a client must not send so much that both sides wait for the other to read. This many replies
// fit any socket's buffer; more recipients go in further flights.
constexpr std::size_t recipients_in_flight = 100;

// RFC 4954 section 4: an initial response must fit a command line of RFC 5321 4.5.3.1.4
constexpr std::size_t longest_auth_command = 510;

void require(bool so, const char* otherwise) {
    if (!so) throw std::logic_error(otherwise);
}

// RFC 5321 4.5.3.2
template <class Expect>
std::chrono::seconds time_limit(Expect what) noexcept {
    switch (what) {
        case Expect::data: return 2min;
        // The server may scan or deliver first; who gives up early gets the message delivered twice.
        case Expect::end_of_data:
        case Expect::lmtp_recipient:
        case Expect::unwanted_end: return 10min;
        case Expect::quit: return 30s;  // nothing depends on it
        default: return 5min;
    }
}

// As text() of a mailbox, but from places that keep text: it must not become a second parameter or command.
bool is_one_word(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

mail::status wrong_reply(const reply& said) {
    return mail::status::transient("4.5.0", "Reply out of order: " + said.to_status().line());
}

}  // namespace

client_session::client_session(client_settings settings)
    : settings_(std::move(settings)),
      expected_{{expect::greeting}},
      tls_active_(settings_.tls == client_tls::already) {}

client_step client_session::next() {
    if (then_ && std::holds_alternative<transaction_done>(*then_)) return *std::exchange(then_, std::nullopt);
    if (failed_) return *failed_;
    if (over_) return session_over{};
    require(due_ == duty::none, "client_session: a step is not done yet");
    if (!out_.empty()) return write_text{std::exchange(out_, {}), std::exchange(out_secret_, false)};
    if (then_) {
        if (std::holds_alternative<shake_hands>(*then_)) due_ = duty::tls;
        if (std::holds_alternative<need_credentials>(*then_)) due_ = duty::credentials;
        if (std::holds_alternative<write_content>(*then_)) due_ = duty::content;
        return *std::exchange(then_, std::nullopt);
    }
    if (!expected_.empty()) return read_reply{time_limit(expected_.front().what)};
    return idle{};
}

void client_session::send(std::string_view text, expect what, std::size_t recipient) {
    out_ += text;
    out_ += "\r\n";
    expected_.push_back({what, recipient});
}

// --- replies

void client_session::on_reply(reply said) {
    if (failed_ || over_) return;
    if (due_ == duty::content) return on_early_reply(said);
    if (expected_.empty()) {
        // RFC 5321 section 3.8: a server that shuts down may say so without being asked
        if (said.code == 421) return fail(client_stage::protocol, said.to_status());
        return on_garbage("a reply to nothing: " + said.to_status().line());
    }
    const expectation was = expected_.front();
    expected_.pop_front();
    switch (was.what) {
        case expect::greeting:
        case expect::ehlo:
        case expect::helo:
        case expect::starttls: return on_opening_reply(was.what, said);
        case expect::auth_plain:
        case expect::auth_plain_long:
        case expect::auth_login:
        case expect::auth_user:
        case expect::auth_password: return on_auth_reply(was.what, said);
        case expect::quit: over_ = true; return;
        default: return on_transaction_reply(was, said);
    }
}

void client_session::on_garbage(std::string_view what) {
    fail(client_stage::protocol, mail::status::transient("4.5.0", "Not a reply: " + base::printable(what, 200)));
}

/// The first failure is the one that counts. A transaction stays, so that outcomes_or() can tell of it; one that is
/// done is still handed out.
void client_session::fail(client_stage at, mail::status said) {
    if (failed_ || over_) return;
    if (quitting_) {
        over_ = true;  // all that was to be done is done
        return;
    }
    failed_ = session_failed{at, std::move(said)};
    out_.clear();
    if (then_ && !std::holds_alternative<transaction_done>(*then_)) then_.reset();
    expected_.clear();
    who_.reset();
    due_ = duty::none;
}

// --- opening: greeting, hello, TLS, hello, authentication

void client_session::hello() { send((settings_.lmtp ? "LHLO " : "EHLO ") + settings_.helo, expect::ehlo); }

void client_session::on_opening_reply(expect was, const reply& said) {
    const int wanted = was == expect::greeting || was == expect::starttls ? 220 : 250;
    if (said.code != wanted && said.is_positive()) return fail(client_stage::protocol, wrong_reply(said));
    switch (was) {
        case expect::greeting:
            if (said.code != wanted) return fail(client_stage::greeting, said.to_status());
            return hello();
        case expect::ehlo:
            if (said.code != wanted) return on_hello_refused(said);
            offered_ = parse_extensions(said);
            return after_hello();
        case expect::helo:
            if (said.code != wanted) return fail(client_stage::hello, said.to_status());
            return after_hello();
        default: break;  // starttls
    }
    if (said.code == wanted) {
        then_ = shake_hands{};
    } else if (said.code == 421) {
        fail(client_stage::protocol, said.to_status());
    } else if (settings_.tls == client_tls::demanded) {
        fail(client_stage::tls_refused, said.to_status());
    } else {
        tls_declined_ = true;
        after_hello();
    }
}

/// RFC 5321 section 3.2: a server that does not know EHLO may know HELO, but then it offers nothing.
void client_session::on_hello_refused(const reply& said) {
    if (said.code / 100 == 4 || settings_.lmtp) return fail(client_stage::hello, said.to_status());
    if (settings_.tls == client_tls::demanded && !tls_active_) {
        return fail(client_stage::tls_not_offered,
                    mail::status::transient("4.7.10", "TLS is demanded, and EHLO is refused"));
    }
    if (settings_.authenticate) {
        return fail(client_stage::auth_not_offered,
                    mail::status::transient("4.7.0", "Authentication is demanded, and EHLO is refused"));
    }
    offered_ = {};
    send("HELO " + settings_.helo, expect::helo);
}

void client_session::after_hello() {
    if (!tls_active_ && settings_.tls == client_tls::demanded && !offered_.starttls) {
        return fail(client_stage::tls_not_offered,
                    mail::status::transient("4.7.10", "TLS is demanded and not offered"));
    }
    if (!tls_active_ && !tls_declined_ && settings_.tls != client_tls::never && offered_.starttls) {
        return send("STARTTLS", expect::starttls);
    }
    if (!settings_.authenticate || authenticated_) return;
    if (!tls_active_) {
        // The configuration refuses such a route; a password in clear would be a betrayal.
        return fail(client_stage::tls_not_offered, mail::status::transient("4.7.10", "No authentication without TLS"));
    }
    if (!offered_.auth_plain && !offered_.auth_login) {
        return fail(
            client_stage::auth_not_offered,
            mail::status::transient("4.7.0", offered_.auth_offered ? "No mechanism of authentication that we know"
                                                                   : "Authentication is not offered"));
    }
    then_ = need_credentials{};
}

void client_session::on_tls() {
    if (failed_) return;
    require(std::exchange(due_, duty::none) == duty::tls, "client_session: no handshake was asked for");
    tls_active_ = true;
    offered_ = {};  // RFC 3207 section 4.2: what was said in clear is nothing
    hello();
}

void client_session::on_credentials(credentials who) {
    if (failed_) return;
    require(std::exchange(due_, duty::none) == duty::credentials, "client_session: no credentials were asked for");
    who_ = std::move(who);
    if (!offered_.auth_plain) return send("AUTH LOGIN", expect::auth_login);
    const base::secret response = encode_plain(*who_);
    const std::string_view command = "AUTH PLAIN ";
    if (command.size() + response.reveal().size() > longest_auth_command) {
        return send("AUTH PLAIN", expect::auth_plain_long);
    }
    send_secret(command, response.reveal(), expect::auth_plain);
}

void client_session::send_secret(std::string_view command, std::string_view response, expect what) {
    out_.reserve(command.size() + response.size() + 2);
    out_ += command;
    out_secret_ = true;
    send(response, what);
}

void client_session::on_auth_reply(expect was, const reply& said) {
    const bool last = was == expect::auth_plain || was == expect::auth_password;
    if (said.code == 421) return fail(client_stage::protocol, said.to_status());
    if (!said.is_positive()) return fail(client_stage::auth_refused, said.to_status());
    if (said.code != (last ? 235 : 334)) return fail(client_stage::protocol, wrong_reply(said));
    switch (was) {
        case expect::auth_plain_long: return send_secret({}, encode_plain(*who_).reveal(), expect::auth_plain);
        case expect::auth_login: return send(base::base64_encode(who_->user), expect::auth_user);
        case expect::auth_user: {
            const base::secret answer(base::base64_encode(who_->password.reveal()));
            return send_secret({}, answer.reveal(), expect::auth_password);
        }
        default: break;
    }
    authenticated_ = true;
    who_.reset();
}

// --- transactions

void client_session::begin(client_transaction what) {
    if (failed_) return;
    require(!transaction_ && !quitting_ && expected_.empty() && out_.empty() && !then_ && due_ == duty::none,
            "client_session: begin() while not idle");
    require(!what.to.empty(), "client_session: a transaction without recipients");
    transaction_ = std::move(what);
    said_.assign(transaction_->to.size(), std::nullopt);
    accepted_.assign(transaction_->to.size(), false);
    mail_refused_ = false;
    next_recipient_ = 0;

    if (offered_.max_size && transaction_->size > *offered_.max_size) {
        return refuse_here(mail::status::of(552, "5.3.4", "Message is larger than the next host takes"));
    }
    // RFC 6152 section 3. LMTP servers are ours, and store what they are given.
    if (transaction_->eight_bit && !offered_.eight_bit_mime && !settings_.lmtp) {
        return refuse_here(mail::status::of(554, "5.6.3", "The next host takes no 8-bit content"));
    }
    progress_ = progress::mail;
    send_envelope();
}

void client_session::refuse_here(const mail::status& said) {
    std::ranges::fill(said_, said);
    finish_transaction();
}

/// Sends as much of the envelope as may go before the next reply: all (or a flight of many recipients) with PIPELINING,
/// one command without. Called anew whenever all replies are in.
void client_session::send_envelope() {
    if (progress_ == progress::mail) {
        if (std::exchange(reset_needed_, false)) {
            send("RSET", expect::rset);
            if (!offered_.pipelining) return;
        }
        send_mail();
        progress_ = progress::recipients;
        if (!offered_.pipelining) return;
    }
    if (mail_refused_) return finish_transaction();
    if (progress_ == progress::recipients) {
        const std::size_t room = offered_.pipelining ? recipients_in_flight : 1;
        const std::size_t end = std::min(transaction_->to.size(), next_recipient_ + room);
        while (next_recipient_ < end) send_recipient(next_recipient_++);
        if (next_recipient_ == transaction_->to.size()) progress_ = progress::data;
        if (!offered_.pipelining || progress_ != progress::data) return;
    }
    if (progress_ == progress::data) {
        if (transaction_->all_or_none && !expected_.empty()) return;
        progress_ = progress::all;
        // Without replies still to come it is known whether the content is wanted.
        if (expected_.empty() && !content_is_wanted()) return finish_transaction();
        return send("DATA", expect::data);
    }
    finish_transaction();
}

void client_session::send_mail() {
    const mail::sender& from = transaction_->from;
    std::string text = "MAIL FROM:<" + from.from.text() + '>';
    if (offered_.size && transaction_->size > 0) text += " SIZE=" + std::to_string(transaction_->size);
    if (transaction_->eight_bit && offered_.eight_bit_mime) text += " BODY=8BITMIME";
    if (offered_.dsn) {
        if (from.ret != mail::dsn_return::unspecified)
            text += from.ret == mail::dsn_return::full ? " RET=FULL" : " RET=HDRS";
        if (!from.envelope_id.empty()) text += " ENVID=" + mail::xtext_encode(from.envelope_id);
    }
    send(text, expect::mail);
}

void client_session::send_recipient(std::size_t index) {
    const mail::recipient& to = transaction_->to[index];
    std::string text = "RCPT TO:<" + to.to.text() + '>';
    if (offered_.dsn) {
        if (to.notify.specified) text += " NOTIFY=" + mail::to_text(to.notify);
        if (is_one_word(to.original)) text += " ORCPT=" + to.original;
    }
    send(text, expect::rcpt, index);
}

void client_session::on_transaction_reply(const expectation& was, const reply& said) {
    if (was.what == expect::end_of_data || was.what == expect::lmtp_recipient) return on_content_reply(was, said);
    if (said.code == 421) return fail(client_stage::transaction, said.to_status());
    const int kind = said.code / 100;
    switch (was.what) {
        case expect::rset:
            if (kind != 2) return fail(client_stage::protocol, wrong_reply(said));
            break;
        case expect::mail:
            if (kind == 3) return fail(client_stage::protocol, wrong_reply(said));
            mail_refused_ = kind != 2;
            reset_needed_ = kind == 2;
            if (mail_refused_) std::ranges::fill(said_, said.to_status());
            break;
        case expect::rcpt:
            if (kind == 3) return fail(client_stage::protocol, wrong_reply(said));
            if (mail_refused_) break;
            if (kind == 2)
                accepted_[was.recipient] = true;
            else
                said_[was.recipient] = said.to_status();
            break;
        case expect::data: on_data(said); break;
        default: break;  // unwanted_end: whatever it is
    }
    if (!failed_ && !then_ && out_.empty() && expected_.empty()) send_envelope();
}

void client_session::on_data(const reply& said) {
    if (said.code / 100 == 2) return fail(client_stage::protocol, wrong_reply(said));
    if (said.code / 100 != 3) return tell_accepted(said.to_status());
    if (said.code != 354) return fail(client_stage::protocol, wrong_reply(said));
    reset_needed_ = false;  // the end of content ends it, whatever the answer
    if (anyone_accepted()) {
        then_ = write_content{};
        return;
    }
    // RFC 2920 section 3.1: a server may say 354 although it refused everybody. An empty content gets us out.
    if (settings_.lmtp) return fail(client_stage::protocol, wrong_reply(said));  // it would answer nobody
    send(".", expect::unwanted_end);
}

void client_session::on_content_written() {
    if (failed_) return;
    require(due_ == duty::content, "client_session: no content was asked for");
    due_ = duty::none;
    if (!settings_.lmtp) return expected_.push_back({expect::end_of_data});
    for (std::size_t i = 0; i < accepted_.size(); ++i) {
        if (accepted_[i]) expected_.push_back({expect::lmtp_recipient, i});
    }
}

/// While the content is being written. A refusal counts, but the peer is in the middle of a message, so the session is
/// over.
void client_session::on_early_reply(const reply& said) {
    if (said.is_positive()) return fail(client_stage::protocol, wrong_reply(said));
    if (!settings_.lmtp) tell_accepted(said.to_status());
    fail(client_stage::transaction, said.to_status());
}

void client_session::on_content_reply(const expectation& was, const reply& said) {
    if (said.code / 100 == 3) return fail(client_stage::protocol, wrong_reply(said));
    if (was.what == expect::lmtp_recipient)
        said_[was.recipient] = said.to_status();
    else
        tell_accepted(said.to_status());
    if (said.code == 421) return fail(client_stage::transaction, said.to_status());
    if (expected_.empty()) finish_transaction();
}

bool client_session::anyone_accepted() const noexcept { return std::ranges::find(accepted_, true) != accepted_.end(); }

bool client_session::content_is_wanted() const noexcept {
    return transaction_->all_or_none ? std::ranges::find(accepted_, false) == accepted_.end() : anyone_accepted();
}

void client_session::tell_accepted(const mail::status& said) {
    for (std::size_t i = 0; i < said_.size(); ++i) {
        if (accepted_[i]) said_[i] = said;
    }
}

void client_session::finish_transaction() {
    if (transaction_->all_or_none) {
        const auto refused = std::ranges::find_if(said_, [](const auto& said) { return said && !said->is_success(); });
        if (refused != said_.end()) std::ranges::fill(said_, *refused);
    }
    then_ =
        transaction_done{outcomes_or(mail::status::transient("4.5.0", "The next host said nothing of this recipient"))};
    transaction_.reset();
}

std::vector<mail::status> client_session::outcomes_or(const mail::status& otherwise) const {
    std::vector<mail::status> each;
    if (!transaction_) return each;
    each.reserve(said_.size());
    for (const auto& said : said_) each.push_back(said.value_or(otherwise));
    return each;
}

void client_session::quit() {
    if (failed_ || over_) return;
    require(!transaction_ && !quitting_ && expected_.empty() && out_.empty() && !then_ && due_ == duty::none,
            "client_session: quit() while not idle");
    quitting_ = true;
    send("QUIT", expect::quit);
}

}  // namespace waypost::smtp
