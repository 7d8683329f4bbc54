#include "waypost/smtp/client_session.hpp"

#include <utility>

#include "client_session_detail.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::smtp {

using namespace std::chrono_literals;

mail::status wrong_reply(const reply& reply) {
    return mail::status::transient("4.5.0", "Reply out of order: " + reply.to_status().line());
}

// RFC 5321 4.5.3.2
std::chrono::seconds client_session::time_limit(expect expected) noexcept {
    switch (expected) {
        case expect::data: return 2min;
        // The server may scan or deliver first; who gives up early gets the message delivered twice.
        case expect::chunk:
        case expect::end_of_data:
        case expect::lmtp_recipient:
        case expect::unwanted_end: return 10min;
        case expect::quit: return 30s;  // nothing depends on it
        default: return 5min;
    }
}

client_session::client_session(client_settings settings)
    : settings_(std::move(settings)),
      expected_{{expect::greeting}},
      tls_active_(settings_.tls == client_tls::already) {}

client_step client_session::next(bool reply_at_hand) {
    if (!done_.empty()) {
        client_step oldest = std::move(done_.front());
        done_.pop_front();
        return oldest;
    }
    if (failed_) return *failed_;
    if (is_over_) return session_over{};
    require(due_ == pending_action::none, "client_session: a step is not done yet");
    // Before a handshake the driver looks for such bytes itself.
    const bool may_read = !next_step_ || std::holds_alternative<write_content>(*next_step_);
    if (reply_at_hand && may_read) return read_reply{5min};
    unsent_ = 0;  // nothing is read until all is written that there is
    if (!chunks_.empty()) return next_of_chunks();
    if (!out_.empty()) {
        return write_text{std::exchange(out_, {}), std::exchange(out_secret_, false)};
    }
    if (next_step_) {
        if (std::holds_alternative<tls_handshake>(*next_step_)) due_ = pending_action::tls;
        if (std::holds_alternative<need_credentials>(*next_step_)) due_ = pending_action::credentials;
        if (const auto* content = std::get_if<write_content>(&*next_step_)) {
            due_ = pending_action::content;
            transactions_[content->transaction - ended_].content_sent = true;
        }
        return *std::exchange(next_step_, std::nullopt);
    }
    if (!expected_.empty()) return read_reply{time_limit(expected_.front().expected)};
    return idle{};
}

client_step client_session::next_of_chunks() {
    queued_chunk& first = chunks_.front();
    if (!first.prefix.empty()) return write_text{std::exchange(first.prefix, {})};
    const std::uint64_t number = first.transaction;
    chunks_.pop_front();
    transactions_[number - ended_].content_sent = true;
    return write_content{number, true};
}

void client_session::send(std::string_view text, expect expected) {
    out_ += text;
    out_ += "\r\n";
    expected_.push_back({expected});
    ++unsent_;
}

void client_session::on_reply(reply answer) {
    if (failed_ || is_over_) return;
    if (due_ == pending_action::content && expected_.empty()) return on_early_reply(answer);
    if (expected_.size() == unsent_) {
        // RFC 5321 section 3.8: a server that shuts down may say so without being asked
        if (answer.code == 421) return fail(client_stage::protocol, answer.to_status());
        return on_garbage("a reply to nothing: " + answer.to_status().line());
    }
    const expectation was = expected_.front();
    expected_.pop_front();
    switch (was.expected) {
        case expect::greeting:
        case expect::ehlo:
        case expect::helo:
        case expect::starttls: return on_opening_reply(was.expected, answer);
        case expect::auth_plain:
        case expect::auth_plain_long:
        case expect::auth_login:
        case expect::auth_user:
        case expect::auth_password: return on_auth_reply(was.expected, answer);
        case expect::quit: is_over_ = true; return;
        default: return on_transaction_reply(was, answer);
    }
}

void client_session::on_garbage(std::string_view text) {
    fail(client_stage::protocol, mail::status::transient("4.5.0", "Not a reply: " + base::printable(text, 200)));
}

void client_session::on_lost(mail::status reason) { fail(client_stage::protocol, std::move(reason)); }

/// The first failure is the one that counts. Transactions stay, so that unfinished() can tell of them; those that are
/// done are still handed out.
void client_session::fail(client_stage stage, mail::status status) {
    if (failed_ || is_over_) return;
    if (quitting_) {
        is_over_ = true;  // all that was to be done is done
        return;
    }
    failed_ = session_failed{stage, std::move(status)};
    out_.clear();
    chunks_.clear();
    unsent_ = 0;
    next_step_.reset();
    expected_.clear();
    credentials_.reset();
    due_ = pending_action::none;
}

std::vector<interrupted> client_session::unfinished() const {
    std::vector<interrupted> all;
    all.reserve(transactions_.size());
    for (const pending_transaction& one : transactions_) all.push_back({one.statuses, one.content_sent});
    return all;
}

void client_session::quit() {
    if (failed_ || is_over_) return;
    require(transactions_.empty() && has_room(), "client_session: quit() while not idle");
    quitting_ = true;
    send("QUIT", expect::quit);
}

}  // namespace waypost::smtp
