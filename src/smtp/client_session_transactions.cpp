// MAIL to the last reply, of one transaction or several at a time.
#include <algorithm>
#include <utility>

#include "client_session_detail.hpp"
#include "waypost/smtp/client_session.hpp"

namespace waypost::smtp {

namespace {

using progress = pending_transaction::progress;

// RFC 2920 section 3.1: a client must not send so much that both sides wait for the other to read. While it writes, the
// driver reads nothing; but this many replies, each of the 512 octets that RFC 5321 4.5.3.1.5 allows, fit any socket's
// buffer, so a server can always write them and go on reading. More recipients go in further flights.
constexpr std::size_t replies_in_flight = 100;

// Of messages sent by BDAT. These fill a connection with a round trip of 80 ms at 25 Mbit/s, and bound what is in doubt
// when it breaks: the host may have each of them, or not.
constexpr std::size_t messages_in_flight = 16;
constexpr std::uint64_t octets_in_flight = std::uint64_t{256} * 1024;

}  // namespace

bool client_session::has_room() const noexcept {
    if (failed_ || is_over_ || quitting_) return false;
    if (transactions_.empty()) return expected_.empty() && out_.empty() && !next_step_ && due_ == pending_action::none;
    const bool one_waits = transactions_.back().at == progress::mail;
    return offered_.pipelining && !one_waits && transactions_.size() < messages_in_flight &&
           chunks_in_flight_ < octets_in_flight;
}

void client_session::begin(client_transaction what) {
    if (failed_) return;
    require(has_room(), "client_session: begin() without room");
    require(!what.recipients.empty(), "client_session: a transaction without recipients");
    // LMTP peers are near; and whoever wants all or none must hear of all before the content goes.
    const bool by_chunk =
        what.chunk && offered_.chunking && offered_.pipelining && !settings_.lmtp && !what.all_or_none;
    pending_transaction& fresh = transactions_.emplace_back(std::move(what), by_chunk);
    if (const auto refused = fresh.refusal(offered_, settings_.lmtp)) {
        fresh.tell_all(*refused);
        fresh.at = progress::all;
    }
    go_on();
}

/// Sends what may go before the next reply, and ends what has ended, in order.
void client_session::go_on() {
    if (failed_) return;
    while (sending_ < transactions_.size() && send_more(transactions_[sending_])) ++sending_;
    while (!transactions_.empty() && transactions_.front().ended()) {
        done_.push_back({transactions_.front().outcome()});
        transactions_.pop_front();
        --sending_;
        ++ended_;
    }
}

void client_session::expect_for(pending_transaction& transaction, expect expected, std::size_t recipient) {
    expected_.push_back({expected, recipient, ended_ + sending_});
    ++transaction.replies_due;
}

void client_session::send_for(pending_transaction& transaction, std::string_view text, expect expected,
                              std::size_t recipient) {
    out_ += text;
    out_ += "\r\n";
    expect_for(transaction, expected, recipient);
    ++unsent_;
}

/// Each stage goes as far as it may, and moves on to the next when it is done. True when nothing is left to send.
bool client_session::send_more(pending_transaction& transaction) {
    if (transaction.at == progress::mail) send_mail(transaction);
    if (transaction.at == progress::recipients) send_recipients(transaction);
    if (transaction.at == progress::data) send_data(transaction);
    return transaction.at == progress::all;
}

bool client_session::fits_in_flight(const pending_transaction& transaction) const noexcept {
    if (expected_.empty()) return true;
    if (!offered_.pipelining) return false;
    constexpr std::size_t beside_recipients = 3;  // RSET, MAIL, and DATA or BDAT
    return expected_.size() + beside_recipients + transaction.transaction.recipients.size() <= replies_in_flight;
}

void client_session::send_mail(pending_transaction& transaction) {
    if (!fits_in_flight(transaction)) return;
    if (std::exchange(reset_needed_, false)) {
        send_for(transaction, "RSET", expect::rset);
        if (!offered_.pipelining) return;
    }
    send_for(transaction, transaction.mail_command(offered_), expect::mail);
    last_mail_ = ended_ + sending_;
    reset_needed_ = true;
    transaction.at = progress::recipients;
}

/// All of them, or a flight of many, in one go; one without PIPELINING.
void client_session::send_recipients(pending_transaction& transaction) {
    if (transaction.replies_due > 0 && (!offered_.pipelining || transaction.next_recipient > 0)) return;
    if (transaction.mail_refused) {
        transaction.at = progress::all;
        return;
    }
    const std::size_t room = offered_.pipelining ? replies_in_flight : 1;
    const std::size_t end = std::min(transaction.transaction.recipients.size(), transaction.next_recipient + room);
    for (; transaction.next_recipient < end; ++transaction.next_recipient) {
        send_for(transaction, transaction.recipient_command(transaction.next_recipient, offered_), expect::rcpt,
                 transaction.next_recipient);
    }
    if (end == transaction.transaction.recipients.size()) transaction.at = progress::data;
}

void client_session::send_data(pending_transaction& transaction) {
    if (transaction.replies_due > 0 && (!offered_.pipelining || transaction.transaction.all_or_none)) return;
    // Without replies still to come it is known whether the content is wanted.
    if (transaction.replies_due == 0 && !transaction.content_is_wanted()) {
        transaction.at = progress::all;
    } else if (transaction.chunked) {
        send_for(transaction, "BDAT " + std::to_string(*transaction.transaction.chunk) + " LAST", expect::chunk);
        chunks_in_flight_ += *transaction.transaction.chunk;
        chunks_.push_back({std::exchange(out_, {}), ended_ + sending_});
        transaction.at = progress::all;
    } else {
        send_for(transaction, "DATA", expect::data);
        transaction.at = progress::go_ahead;
    }
}

void client_session::on_content_written() {
    if (failed_) return;
    require(due_ == pending_action::content, "client_session: no content was asked for");
    due_ = pending_action::none;
    pending_transaction& of = transactions_[sending_];
    if (!settings_.lmtp) expect_for(of, expect::end_of_data);
    for (std::size_t i = 0; settings_.lmtp && i < of.accepted.size(); ++i) {
        if (of.accepted[i]) expect_for(of, expect::lmtp_recipient, i);
    }
    of.at = progress::all;
    go_on();
}

// --- replies

/// RFC 5321 section 4.2.1: of a code that is not known the first digit counts. But one that answers another command
/// than was sent means that the host is not where we are, and what it makes of the octets that follow is anybody's
/// guess. Not so of the octets that went before: see answers_content().
bool client_session::makes_sense(expect expected, int code) noexcept {
    if (expected == expect::data) return code == 354;
    static constexpr int answers_to_others[] = {211, 214, 220, 221, 235};  // HELP, greeting or STARTTLS, QUIT, AUTH
    return code / 100 == 2 && std::ranges::find(answers_to_others, code) == std::end(answers_to_others);
}

bool client_session::answers_content(expect expected) noexcept {
    return expected == expect::chunk || expected == expect::end_of_data || expected == expect::lmtp_recipient;
}

void client_session::on_transaction_reply(const expectation& was, const reply& reply) {
    pending_transaction& of = transactions_[was.transaction - ended_];
    --of.replies_due;
    if (reply.code == 421) return on_closing(of, was, reply);
    if (reply.is_positive() && !makes_sense(was.expected, reply.code)) {
        // A host that took the content in words of its own would be sent it again at every try.
        if (reply.code / 100 != 2 || !answers_content(was.expected))
            return fail(client_stage::protocol, wrong_reply(reply));
        if (!odd_answer_) odd_answer_ = wrong_reply(reply);
    }
    const bool is_last = of.replies_due == 0;
    switch (was.expected) {
        case expect::data: on_data(of, reply); break;
        case expect::chunk:
        case expect::end_of_data:
        case expect::lmtp_recipient: on_content_reply(of, was, reply); break;
        case expect::unwanted_end: break;  // whatever it is
        default: on_envelope_reply(of, was, reply); break;
    }
    go_on();
    if (odd_answer_ && is_last) fail(client_stage::protocol, *odd_answer_);
}

void client_session::on_envelope_reply(pending_transaction& transaction, const expectation& was, const reply& reply) {
    const int kind = reply.code / 100;
    if (was.expected == expect::rset && kind != 2) return fail(client_stage::protocol, wrong_reply(reply));
    if (was.expected == expect::mail && kind != 2) {
        transaction.mail_refused = true;
        transaction.tell_all(reply.to_status());
        if (was.transaction == last_mail_) reset_needed_ = false;
    } else if (was.expected == expect::rcpt && !transaction.mail_refused) {
        if (kind == 2)
            transaction.accepted[was.recipient] = true;
        else
            transaction.statuses[was.recipient] = reply.to_status();
    }
}

void client_session::on_data(pending_transaction& transaction, const reply& reply) {
    if (!reply.is_positive()) {
        transaction.at = progress::all;
        return transaction.tell_accepted(reply.to_status());
    }
    reset_needed_ = false;  // the end of content ends it, whatever the answer
    if (transaction.anyone_accepted()) {
        transaction.at = progress::content;
        next_step_ = write_content{ended_ + sending_, false};
        return;
    }
    // RFC 2920 section 3.1: a server may say 354 although it refused everybody. An empty content gets us out.
    if (settings_.lmtp) return fail(client_stage::protocol, wrong_reply(reply));  // it would answer nobody
    send_for(transaction, ".", expect::unwanted_end);
    transaction.at = progress::all;
}

void client_session::on_content_reply(pending_transaction& transaction, const expectation& was, const reply& reply) {
    if (was.expected == expect::lmtp_recipient)
        transaction.statuses[was.recipient] = reply.to_status();
    else
        transaction.tell_accepted(reply.to_status());
    if (was.expected != expect::chunk) return;
    chunks_in_flight_ -= *transaction.transaction.chunk;
    if (reply.is_positive() && was.transaction == last_mail_) reset_needed_ = false;
    // A host that offers BDAT and does not know it takes the content for commands: its replies to those are nobody's.
    if (reply.code == 500 || reply.code == 502) fail(client_stage::protocol, reply.to_status());
}

/// While the content is being written. A refusal counts, but the peer is in the middle of a message, so the session is
/// over.
void client_session::on_early_reply(const reply& reply) {
    if (reply.is_positive()) return fail(client_stage::protocol, wrong_reply(reply));
    if (!settings_.lmtp) transactions_[sending_].tell_accepted(reply.to_status());
    fail(client_stage::transaction, reply.to_status());
}

/// RFC 5321 section 3.8: after 421 the peer closes. Of what stands behind the command that it answered, it has done
/// nothing, so no content from there on can have become a message.
void client_session::on_closing(pending_transaction& transaction, const expectation& was, const reply& reply) {
    const bool about_content = was.expected == expect::chunk || was.expected == expect::end_of_data;
    if (about_content) transaction.tell_accepted(reply.to_status());
    if (was.expected == expect::lmtp_recipient) transaction.statuses[was.recipient] = reply.to_status();
    const bool in_envelope = !about_content && was.expected != expect::lmtp_recipient;
    for (std::size_t i = was.transaction - ended_ + (in_envelope ? 0 : 1); i < transactions_.size(); ++i) {
        transactions_[i].content_sent = false;
    }
    fail(client_stage::transaction, reply.to_status());
}

}  // namespace waypost::smtp
