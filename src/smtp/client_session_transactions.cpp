// MAIL to the last reply, of one transaction or several at a time.
#include <algorithm>
#include <utility>

#include "client_session_detail.hpp"
#include "waypost/smtp/client_session.hpp"

namespace waypost::smtp {

namespace {

using progress = transaction_under_way::progress;

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
    if (failed_ || over_ || quitting_) return false;
    if (transactions_.empty()) return expected_.empty() && out_.empty() && !then_ && due_ == duty::none;
    const bool one_waits = transactions_.back().at == progress::mail;
    return offered_.pipelining && !one_waits && transactions_.size() < messages_in_flight &&
           chunks_in_flight_ < octets_in_flight;
}

void client_session::begin(client_transaction what) {
    if (failed_) return;
    require(has_room(), "client_session: begin() without room");
    require(!what.to.empty(), "client_session: a transaction without recipients");
    // LMTP peers are near; and whoever wants all or none must hear of all before the content goes.
    const bool by_chunk =
        what.chunk && offered_.chunking && offered_.pipelining && !settings_.lmtp && !what.all_or_none;
    transaction_under_way& fresh = transactions_.emplace_back(std::move(what), by_chunk);
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

void client_session::expect_for(transaction_under_way& of, expect what, std::size_t recipient) {
    expected_.push_back({what, recipient, ended_ + sending_});
    ++of.replies_due;
}

void client_session::send_for(transaction_under_way& of, std::string_view text, expect what, std::size_t recipient) {
    out_ += text;
    out_ += "\r\n";
    expect_for(of, what, recipient);
    ++unsent_;
}

/// Each stage goes as far as it may, and moves on to the next when it is done. True when nothing is left to send.
bool client_session::send_more(transaction_under_way& of) {
    if (of.at == progress::mail) send_mail(of);
    if (of.at == progress::recipients) send_recipients(of);
    if (of.at == progress::data) send_data(of);
    return of.at == progress::all;
}

bool client_session::fits_in_flight(const transaction_under_way& one) const noexcept {
    if (expected_.empty()) return true;
    if (!offered_.pipelining) return false;
    constexpr std::size_t beside_recipients = 3;  // RSET, MAIL, and DATA or BDAT
    return expected_.size() + beside_recipients + one.what.to.size() <= replies_in_flight;
}

void client_session::send_mail(transaction_under_way& of) {
    if (!fits_in_flight(of)) return;
    if (std::exchange(reset_needed_, false)) {
        send_for(of, "RSET", expect::rset);
        if (!offered_.pipelining) return;
    }
    send_for(of, of.mail_command(offered_), expect::mail);
    last_mail_ = ended_ + sending_;
    reset_needed_ = true;
    of.at = progress::recipients;
}

/// All of them, or a flight of many, in one go; one without PIPELINING.
void client_session::send_recipients(transaction_under_way& of) {
    if (of.replies_due > 0 && (!offered_.pipelining || of.next_recipient > 0)) return;
    if (of.mail_refused) {
        of.at = progress::all;
        return;
    }
    const std::size_t room = offered_.pipelining ? replies_in_flight : 1;
    const std::size_t end = std::min(of.what.to.size(), of.next_recipient + room);
    for (; of.next_recipient < end; ++of.next_recipient) {
        send_for(of, of.recipient_command(of.next_recipient, offered_), expect::rcpt, of.next_recipient);
    }
    if (end == of.what.to.size()) of.at = progress::data;
}

void client_session::send_data(transaction_under_way& of) {
    if (of.replies_due > 0 && (!offered_.pipelining || of.what.all_or_none)) return;
    // Without replies still to come it is known whether the content is wanted.
    if (of.replies_due == 0 && !of.content_is_wanted()) {
        of.at = progress::all;
    } else if (of.chunked) {
        send_for(of, "BDAT " + std::to_string(*of.what.chunk) + " LAST", expect::chunk);
        chunks_in_flight_ += *of.what.chunk;
        chunks_.push_back({std::exchange(out_, {}), ended_ + sending_});
        of.at = progress::all;
    } else {
        send_for(of, "DATA", expect::data);
        of.at = progress::go_ahead;
    }
}

void client_session::on_content_written() {
    if (failed_) return;
    require(due_ == duty::content, "client_session: no content was asked for");
    due_ = duty::none;
    transaction_under_way& of = transactions_[sending_];
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
bool client_session::makes_sense(expect what, int code) noexcept {
    if (what == expect::data) return code == 354;
    static constexpr int answers_to_others[] = {211, 214, 220, 221, 235};  // HELP, greeting or STARTTLS, QUIT, AUTH
    return code / 100 == 2 && std::ranges::find(answers_to_others, code) == std::end(answers_to_others);
}

bool client_session::answers_content(expect what) noexcept {
    return what == expect::chunk || what == expect::end_of_data || what == expect::lmtp_recipient;
}

void client_session::on_transaction_reply(const expectation& was, const reply& said) {
    transaction_under_way& of = transactions_[was.transaction - ended_];
    --of.replies_due;
    if (said.code == 421) return on_closing(of, was, said);
    if (said.is_positive() && !makes_sense(was.what, said.code)) {
        // A host that took the content in words of its own would be sent it again at every try.
        if (said.code / 100 != 2 || !answers_content(was.what)) return fail(client_stage::protocol, wrong_reply(said));
        if (!odd_answer_) odd_answer_ = wrong_reply(said);
    }
    const bool is_last = of.replies_due == 0;
    switch (was.what) {
        case expect::data: on_data(of, said); break;
        case expect::chunk:
        case expect::end_of_data:
        case expect::lmtp_recipient: on_content_reply(of, was, said); break;
        case expect::unwanted_end: break;  // whatever it is
        default: on_envelope_reply(of, was, said); break;
    }
    go_on();
    if (odd_answer_ && is_last) fail(client_stage::protocol, *odd_answer_);
}

void client_session::on_envelope_reply(transaction_under_way& of, const expectation& was, const reply& said) {
    const int kind = said.code / 100;
    if (was.what == expect::rset && kind != 2) return fail(client_stage::protocol, wrong_reply(said));
    if (was.what == expect::mail && kind != 2) {
        of.mail_refused = true;
        of.tell_all(said.to_status());
        if (was.transaction == last_mail_) reset_needed_ = false;
    } else if (was.what == expect::rcpt && !of.mail_refused) {
        if (kind == 2)
            of.accepted[was.recipient] = true;
        else
            of.said[was.recipient] = said.to_status();
    }
}

void client_session::on_data(transaction_under_way& of, const reply& said) {
    if (!said.is_positive()) {
        of.at = progress::all;
        return of.tell_accepted(said.to_status());
    }
    reset_needed_ = false;  // the end of content ends it, whatever the answer
    if (of.anyone_accepted()) {
        of.at = progress::content;
        then_ = write_content{ended_ + sending_, false};
        return;
    }
    // RFC 2920 section 3.1: a server may say 354 although it refused everybody. An empty content gets us out.
    if (settings_.lmtp) return fail(client_stage::protocol, wrong_reply(said));  // it would answer nobody
    send_for(of, ".", expect::unwanted_end);
    of.at = progress::all;
}

void client_session::on_content_reply(transaction_under_way& of, const expectation& was, const reply& said) {
    if (was.what == expect::lmtp_recipient)
        of.said[was.recipient] = said.to_status();
    else
        of.tell_accepted(said.to_status());
    if (was.what != expect::chunk) return;
    chunks_in_flight_ -= *of.what.chunk;
    if (said.is_positive() && was.transaction == last_mail_) reset_needed_ = false;
    // A host that offers BDAT and does not know it takes the content for commands: its replies to those are nobody's.
    if (said.code == 500 || said.code == 502) fail(client_stage::protocol, said.to_status());
}

/// While the content is being written. A refusal counts, but the peer is in the middle of a message, so the session is
/// over.
void client_session::on_early_reply(const reply& said) {
    if (said.is_positive()) return fail(client_stage::protocol, wrong_reply(said));
    if (!settings_.lmtp) transactions_[sending_].tell_accepted(said.to_status());
    fail(client_stage::transaction, said.to_status());
}

/// RFC 5321 section 3.8: after 421 the peer closes. Of what stands behind the command that it answered, it has done
/// nothing, so no content from there on can have become a message.
void client_session::on_closing(transaction_under_way& of, const expectation& was, const reply& said) {
    const bool about_content = was.what == expect::chunk || was.what == expect::end_of_data;
    if (about_content) of.tell_accepted(said.to_status());
    if (was.what == expect::lmtp_recipient) of.said[was.recipient] = said.to_status();
    const bool in_envelope = !about_content && was.what != expect::lmtp_recipient;
    for (std::size_t i = was.transaction - ended_ + (in_envelope ? 0 : 1); i < transactions_.size(); ++i) {
        transactions_[i].content_sent = false;
    }
    fail(client_stage::transaction, said.to_status());
}

}  // namespace waypost::smtp
