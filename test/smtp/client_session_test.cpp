#include "waypost/smtp/client_session.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "client_talk.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"

using namespace waypost;
using namespace waypost::smtp;
using namespace std::chrono_literals;
using namespace std::string_literals;

TEST_CASE("a session opens with the greeting and EHLO and is idle then", "[smtp][client_session]") {
    talk client(plain());
    CHECK(client.written().empty());
    REQUIRE(client.wants<read_reply>());
    CHECK(std::get<read_reply>(client.step).within == 5min);
    CHECK(client.say({"220-mx|220 ESMTP"}) == "EHLO out.example\r\n");
    CHECK(client.say({pipelining}).empty());
    CHECK(client.wants<idle>());
    CHECK(client.session.offered().pipelining);
    client.session.quit();
    CHECK(client.written() == "QUIT\r\n");
    CHECK(client.say({"221 bye"}).empty());
    CHECK(client.wants<session_over>());
}

TEST_CASE("a greeting that is none fails the session with the peer's words", "[smtp][client_session]") {
    for (const std::string greeting : {"421 4.3.2 busy", "554 5.7.1 go away", "450 later"}) {
        talk client(plain());
        CHECK(client.say({greeting}).empty());
        CHECK(client.failure() == "0 " + greeting);
        CHECK(client.written().empty());  // and stays failed
        CHECK(client.wants<session_failed>());
    }
    talk client(plain());
    CHECK(client.say({"250 ok"}).empty());
    CHECK(client.failed_at() == client_stage::protocol);
}

TEST_CASE("a server that does not know EHLO is asked with HELO", "[smtp][client_session]") {
    talk client(plain());
    CHECK(client.say({"220 mx"}) == "EHLO out.example\r\n");
    CHECK(client.say({"502 what"}) == "HELO out.example\r\n");
    CHECK(client.say({"250 mx"}).empty());
    CHECK(client.wants<idle>());
    CHECK_FALSE(client.session.offered().pipelining);
}

TEST_CASE("a refused hello fails the session, without HELO where more is needed", "[smtp][client_session]") {
    talk later(plain());
    CHECK(later.say({"220 mx"}) == "EHLO out.example\r\n");
    CHECK(later.say({"450 4.7.1 later"}).empty());
    CHECK(later.failure() == "1 450 4.7.1 later");

    talk twice(plain());
    CHECK(twice.say({"220 mx"}) == "EHLO out.example\r\n");
    CHECK(twice.say({"500 what"}) == "HELO out.example\r\n");
    CHECK(twice.say({"550 5.7.1 no"}).empty());
    CHECK(twice.failure() == "1 550 5.7.1 no");

    talk tls(with(client_tls::demanded));
    CHECK(tls.say({"220 mx"}) == "EHLO out.example\r\n");
    CHECK(tls.say({"500 what"}).empty());
    CHECK(tls.failed_at() == client_stage::tls_not_offered);

    talk auth(with(client_tls::already, true));
    CHECK(auth.say({"220 mx"}) == "EHLO out.example\r\n");
    CHECK(auth.say({"500 what"}).empty());
    CHECK(auth.failed_at() == client_stage::auth_not_offered);

    talk local(lmtp());
    CHECK(local.say({"220 mx"}) == "LHLO out.example\r\n");
    CHECK(local.say({"500 what"}).empty());
    CHECK(local.failed_at() == client_stage::hello);
}

// --- TLS

TEST_CASE("STARTTLS is used where it is offered, and what was offered in clear is forgotten",
          "[smtp][client_session]") {
    talk client(plain());
    CHECK(client.say({"220 mx"}) == "EHLO out.example\r\n");
    CHECK(client.say({"250-mx|250-PIPELINING|250 STARTTLS"}) == "STARTTLS\r\n");
    CHECK(client.say({"220 go"}).empty());
    REQUIRE(client.wants<tls_handshake>());
    CHECK_THROWS_AS(client.session.next(), std::logic_error);
    client.session.on_tls();
    CHECK(client.written() == "EHLO out.example\r\n");
    CHECK_FALSE(client.session.offered().pipelining);
    CHECK(client.say({"250-mx|250 STARTTLS"}).empty());  // nonsense by now
    CHECK(client.wants<idle>());
}

TEST_CASE("TLS that is not offered or refused matters only where it is demanded", "[smtp][client_session]") {
    talk without(with(client_tls::demanded));
    CHECK(without.say({"220 mx"}) == "EHLO out.example\r\n");
    CHECK(without.say({"250 mx"}).empty());
    CHECK(without.failed_at() == client_stage::tls_not_offered);
    CHECK(std::get<session_failed>(without.step).status.is_transient());

    for (const auto tls : {client_tls::demanded, client_tls::if_offered}) {
        talk refused(with(tls));
        CHECK(refused.say({"220 mx"}) == "EHLO out.example\r\n");
        CHECK(refused.say({"250-mx|250-DSN|250 STARTTLS"}) == "STARTTLS\r\n");
        CHECK(refused.say({"454 4.7.0 no certificate"}).empty());
        if (tls == client_tls::demanded) {
            CHECK(refused.failure() == "3 454 4.7.0 no certificate");
        } else {
            CHECK(refused.wants<idle>());
            CHECK(refused.session.offered().dsn);
        }
    }

    talk never(with(client_tls::never));
    CHECK(never.say({"220 mx"}) == "EHLO out.example\r\n");
    CHECK(never.say({"250-mx|250 STARTTLS"}).empty());
    CHECK(never.wants<idle>());
}

TEST_CASE("bytes that come in clear before the handshake fail the session", "[smtp][client_session]") {
    talk client(plain());
    CHECK(client.say({"220 mx"}) == "EHLO out.example\r\n");
    CHECK(client.say({"250-mx|250 STARTTLS"}) == "STARTTLS\r\n");
    CHECK(client.say({"220 go"}).empty());
    client.session.on_garbage("250-mx\r\n250 AUTH PLAIN\r\n");
    client.step = client.session.next();
    CHECK(client.failed_at() == client_stage::protocol);
    client.session.on_tls();  // too late, and no harm
    CHECK(client.written().empty());
    CHECK(client.failed_at() == client_stage::protocol);
}

// --- AUTH

TEST_CASE("PLAIN is preferred, with an initial response, and is marked as secret", "[smtp][client_session]") {
    talk client(with(client_tls::already, true));
    CHECK(client.say({"220 mx"}) == "EHLO out.example\r\n");
    CHECK_FALSE(client.secret);
    CHECK(client.say({"250-mx|250 AUTH LOGIN PLAIN"}).empty());
    REQUIRE(client.wants<need_credentials>());
    client.session.on_credentials({"me", base::secret("secret")});
    CHECK(client.written() == "AUTH PLAIN " + base::base64_encode("\0me\0secret"s) + "\r\n");
    CHECK(client.secret);
    CHECK(client.say({"235 2.7.0 ok"}).empty());
    CHECK(client.wants<idle>());
    CHECK(client.session.offered().auth_login);
}

TEST_CASE("LOGIN serves where PLAIN is not offered", "[smtp][client_session]") {
    talk client(with(client_tls::already, true));
    CHECK(client.say({"220 mx"}) == "EHLO out.example\r\n");
    CHECK(client.say({"250-mx|250 AUTH LOGIN"}).empty());
    client.session.on_credentials({"me", base::secret("secret")});
    CHECK(client.written() == "AUTH LOGIN\r\n");
    CHECK(client.say({"334 VXNlcm5hbWU6"}) == "bWU=\r\n");
    CHECK_FALSE(client.secret);
    CHECK(client.say({"334 UGFzc3dvcmQ6"}) == "c2VjcmV0\r\n");
    CHECK(client.secret);
    CHECK(client.say({"235 ok"}).empty());
    CHECK(client.wants<idle>());
}

TEST_CASE("a response that is too long for a command goes in a line of its own", "[smtp][client_session]") {
    talk client(with(client_tls::already, true));
    CHECK(client.say({"220 mx"}) == "EHLO out.example\r\n");
    CHECK(client.say({"250-mx|250 AUTH PLAIN"}).empty());
    const std::string token(1000, 'x');
    client.session.on_credentials({"me", base::secret(token)});
    CHECK(client.written() == "AUTH PLAIN\r\n");
    CHECK(client.say({"334 "}) == base::base64_encode("\0me\0"s + token) + "\r\n");
    CHECK(client.secret);
    CHECK(client.say({"235 ok"}).empty());
    CHECK(client.wants<idle>());
}

TEST_CASE("authentication that cannot be had or is refused fails the session", "[smtp][client_session]") {
    for (const std::string ehlo : {"250 mx", "250-mx|250 AUTH GSSAPI CRAM-MD5"}) {
        talk without(with(client_tls::already, true));
        CHECK(without.say({"220 mx"}) == "EHLO out.example\r\n");
        CHECK(without.say({ehlo}).empty());
        CHECK(without.failed_at() == client_stage::auth_not_offered);
        CHECK(std::get<session_failed>(without.step).status.is_transient());
    }
    for (const std::string answer : {"535 5.7.8 bad credentials", "454 4.7.0 later", "501 5.5.2 what"}) {
        talk refused(with(client_tls::already, true));
        CHECK(refused.say({"220 mx"}) == "EHLO out.example\r\n");
        CHECK(refused.say({"250-mx|250 AUTH PLAIN"}).empty());
        refused.session.on_credentials({"me", base::secret("guess")});
        CHECK_FALSE(refused.written().empty());
        CHECK(refused.say({answer}).empty());
        CHECK(refused.failure() == "5 " + answer);
    }
}

TEST_CASE("no password goes out in clear", "[smtp][client_session]") {
    talk client(with(client_tls::if_offered, true));
    CHECK(client.say({"220 mx"}) == "EHLO out.example\r\n");
    CHECK(client.say({"250-mx|250 AUTH PLAIN"}).empty());
    CHECK(client.failed_at() == client_stage::tls_not_offered);
}

// --- transactions

TEST_CASE("with PIPELINING the whole envelope goes in one write", "[smtp][client_session]") {
    opened client(pipelining);
    CHECK(client.begin(message({"c@d", "e@f"})) ==
          "MAIL FROM:<a@b> SIZE=100\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n");
    CHECK(std::get<read_reply>(client.step).within == 5min);
    CHECK(client.say({"250 ok", "250 ok", "550 5.1.1 no"}).empty());
    CHECK(std::get<read_reply>(client.step).within == 2min);
    CHECK(client.say({"354 go"}).empty());
    REQUIRE(client.wants<write_content>());
    client.session.on_content_written();
    CHECK(client.written().empty());
    CHECK(std::get<read_reply>(client.step).within == 10min);
    CHECK(client.say({"250 2.0.0 queued as 17"}).empty());
    CHECK(client.outcome() == "250 2.0.0 queued as 17|550 5.1.1 no");
    CHECK_FALSE(client.session.in_transaction());
    CHECK(client.written().empty());
    CHECK(client.wants<idle>());
    // and the next one needs no RSET
    CHECK(client.begin(message({"c@d"})).starts_with("MAIL"));
}

TEST_CASE("without PIPELINING one command goes after the other", "[smtp][client_session]") {
    opened client(old_fashioned);
    CHECK(client.begin(message({"c@d", "e@f"})) == "MAIL FROM:<a@b>\r\n");
    CHECK(client.say({"250 ok"}) == "RCPT TO:<c@d>\r\n");
    CHECK(client.say({"450 4.2.0 later"}) == "RCPT TO:<e@f>\r\n");
    CHECK(client.say({"251 2.1.5 ok"}) == "DATA\r\n");
    CHECK(client.say({"354 go"}).empty());
    REQUIRE(client.wants<write_content>());
    client.session.on_content_written();
    CHECK(client.say({"250 ok"}).empty());
    CHECK(client.outcome() == "450 4.2.0 later|250 ok");
}

TEST_CASE("a refused MAIL is the answer for everybody", "[smtp][client_session]") {
    opened slow(old_fashioned);
    CHECK(slow.begin(message({"c@d", "e@f"})) == "MAIL FROM:<a@b>\r\n");
    CHECK(slow.say({"550 5.7.1 no"}).empty());
    CHECK(slow.outcome() == "550 5.7.1 no|550 5.7.1 no");

    opened fast(pipelining);
    CHECK_FALSE(fast.begin(message({"c@d", "e@f"})).empty());
    CHECK(fast.say({"452 4.3.1 full", "503 no MAIL", "250 strange", "503 no RCPT"}).empty());
    CHECK(fast.outcome() == "452 4.3.1 full|452 4.3.1 full");
    CHECK(fast.written().empty());
    CHECK(fast.wants<idle>());
}

TEST_CASE("without an accepted recipient there is no DATA, and RSET comes before the next MAIL",
          "[smtp][client_session]") {
    opened slow(old_fashioned);
    CHECK(slow.begin(message({"c@d"})) == "MAIL FROM:<a@b>\r\n");
    CHECK(slow.say({"250 ok"}) == "RCPT TO:<c@d>\r\n");
    CHECK(slow.say({"550 5.1.1 no"}).empty());
    CHECK(slow.outcome() == "550 5.1.1 no");
    CHECK(slow.begin(message({"e@f"})) == "RSET\r\n");
    CHECK(slow.say({"250 ok"}) == "MAIL FROM:<a@b>\r\n");
    CHECK(slow.say({"250 ok"}) == "RCPT TO:<e@f>\r\n");

    opened fast(pipelining);
    CHECK_FALSE(fast.begin(message({"c@d"})).empty());
    CHECK(fast.say({"250 ok", "550 5.1.1 no", "554 5.5.1 no valid recipients"}).empty());
    CHECK(fast.outcome() == "550 5.1.1 no");
    CHECK(fast.begin(message({"e@f"})) == "RSET\r\nMAIL FROM:<a@b> SIZE=100\r\nRCPT TO:<e@f>\r\nDATA\r\n");
    CHECK(fast.say({"250 ok", "250 ok", "250 ok", "354 go"}).empty());
    CHECK(fast.wants<write_content>());
}

TEST_CASE("a 354 although nobody was accepted is answered with an empty content", "[smtp][client_session]") {
    // RFC 2920 section 3.1
    opened client(pipelining);
    CHECK_FALSE(client.begin(message({"c@d"})).empty());
    CHECK(client.say({"250 ok", "550 5.1.1 no", "354 go"}) == ".\r\n");
    CHECK(std::get<read_reply>(client.step).within == 10min);
    CHECK(client.say({"250 2.0.0 queued, as it were"}).empty());
    CHECK(client.outcome() == "550 5.1.1 no");
    CHECK(client.begin(message({"e@f"})).starts_with("MAIL"));
}

TEST_CASE("a refused DATA or content is the answer for those who were accepted", "[smtp][client_session]") {
    opened at_data(pipelining);
    CHECK_FALSE(at_data.begin(message({"c@d", "e@f"})).empty());
    CHECK(at_data.say({"250 ok", "550 5.1.1 no", "250 ok", "451 4.3.0 later"}).empty());
    CHECK(at_data.outcome() == "550 5.1.1 no|451 4.3.0 later");
    CHECK(at_data.begin(message({"c@d"})).starts_with("RSET\r\n"));

    opened at_end(pipelining);
    CHECK_FALSE(at_end.begin(message({"c@d", "e@f"})).empty());
    CHECK(at_end.say({"250 ok", "250 ok", "250 ok", "354 go"}).empty());
    at_end.session.on_content_written();
    CHECK(at_end.say({"554 5.7.1 spam"}).empty());
    CHECK(at_end.outcome() == "554 5.7.1 spam|554 5.7.1 spam");
    CHECK(at_end.begin(message({"c@d"})).starts_with("MAIL"));
}

TEST_CASE("many recipients go in flights, so that nobody waits for ever on full buffers", "[smtp][client_session]") {
    opened client(pipelining);
    client_transaction what = message({});
    for (int i = 0; i < 250; ++i) what.recipients.push_back(recipient("u" + std::to_string(i) + "@d"));
    const auto count = [](const std::string& text) {
        std::size_t found = 0;
        for (auto at = text.find("RCPT"); at != std::string::npos; at = text.find("RCPT", at + 1)) ++found;
        return found;
    };
    std::string flight = client.begin(what);
    CHECK(count(flight) == 100);
    CHECK_FALSE(flight.ends_with("DATA\r\n"));
    CHECK(client.say({"250 ok"}).empty());
    for (int i = 0; i < 99; ++i) CHECK(client.say({"250 ok"}).empty());
    flight = client.say({"250 ok"});
    CHECK(count(flight) == 100);
    for (int i = 0; i < 99; ++i) CHECK(client.say({"550 no"}).empty());
    flight = client.say({"550 no"});
    CHECK(count(flight) == 50);
    CHECK(flight.ends_with("DATA\r\n"));
    for (int i = 0; i < 50; ++i) CHECK(client.say({"450 later"}).empty());
    CHECK(client.say({"354 go"}).empty());
    client.session.on_content_written();
    CHECK(client.say({"250 ok"}).empty());
    const auto each = std::get<transaction_done>(client.step).statuses;
    REQUIRE(each.size() == 250);
    CHECK(each[99].line() == "250 ok");
    CHECK(each[100].line() == "550 no");
    CHECK(each[200].line() == "450 later");
}

TEST_CASE("parameters go out only if they were offered", "[smtp][client_session]") {
    client_transaction what = message({"c@d", "e@f"});
    what.eight_bit = true;
    what.sender.ret = mail::dsn_return::headers;
    what.sender.envelope_id = "a+b";
    what.recipients[0].notify = *mail::notify_from_text("SUCCESS,DELAY");
    what.recipients[0].original = "rfc822;x+2By@c";
    what.recipients[1].original = "rfc822;evil\r\nRSET";  // from a damaged queue, say
    opened knows(pipelining);
    CHECK(knows.begin(what) ==
          "MAIL FROM:<a@b> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=a+2Bb\r\n"
          "RCPT TO:<c@d> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2By@c\r\nRCPT TO:<e@f>\r\nDATA\r\n");
    what.eight_bit = false;
    opened does_not(old_fashioned);
    CHECK(does_not.begin(what) == "MAIL FROM:<a@b>\r\n");
    CHECK(does_not.say({"250 ok"}) == "RCPT TO:<c@d>\r\n");
    what.sender.address = {};
    opened null(old_fashioned);
    CHECK(null.begin(what) == "MAIL FROM:<>\r\n");
}

TEST_CASE("what the peer cannot take is refused without asking it", "[smtp][client_session]") {
    opened large(pipelining);
    CHECK(large.begin(message({"c@d", "e@f"}, 1001)).empty());
    CHECK(large.outcome() ==
          "552 5.3.4 Message is larger than the next host takes|"
          "552 5.3.4 Message is larger than the next host takes");
    CHECK_FALSE(large.session.in_transaction());
    CHECK(large.begin(message({"c@d"}, 1000)).starts_with("MAIL"));

    client_transaction umlauts = message({"c@d"});
    umlauts.eight_bit = true;
    opened seven_bit(old_fashioned);
    CHECK(seven_bit.begin(umlauts).empty());
    CHECK(seven_bit.outcome() == "554 5.6.3 The next host takes no 8-bit content");
    opened local("250 mx", lmtp());
    CHECK(local.begin(umlauts) == "MAIL FROM:<a@b>\r\n");
}

TEST_CASE("LMTP has a reply for each accepted recipient", "[smtp][client_session]") {
    opened client(pipelining, lmtp());
    CHECK_FALSE(client.begin(message({"c@d", "e@f", "g@h"})).empty());
    CHECK(client.say({"250 ok", "250 ok", "550 5.1.1 no", "250 ok", "354 go"}).empty());
    client.session.on_content_written();
    CHECK(client.say({"250 2.1.5 stored"}).empty());
    CHECK(client.wants<read_reply>());
    CHECK(client.say({"452 4.2.2 full"}).empty());
    CHECK(client.outcome() == "250 2.1.5 stored|550 5.1.1 no|452 4.2.2 full");

    opened nobody(pipelining, lmtp());
    CHECK_FALSE(nobody.begin(message({"c@d"})).empty());
    CHECK(nobody.say({"250 ok", "550 5.1.1 no", "354 go"}).empty());  // RFC 2033 section 4.2: must be 503
    CHECK(nobody.failed_at() == client_stage::protocol);
    CHECK((nobody.outcomes_or(mail::status())) == "550 5.1.1 no");
}

// --- ends

TEST_CASE("421 ends the session wherever it comes, and final words stay", "[smtp][client_session]") {
    opened client(pipelining);
    CHECK_FALSE(client.begin(message({"c@d", "e@f", "g@h"})).empty());
    CHECK(client.say({"250 ok", "550 5.1.1 no", "250 ok", "421 4.3.2 shutting down"}).empty());
    CHECK(client.failure() == "7 421 4.3.2 shutting down");
    CHECK((client.outcomes_or(std::get<session_failed>(client.step).status)) ==
          "550 5.1.1 no|421 4.3.2 shutting down|421 4.3.2 shutting down");

    opened at_end(pipelining);
    CHECK_FALSE(at_end.begin(message({"c@d", "e@f"})).empty());
    CHECK(at_end.say({"250 ok", "250 ok", "550 5.1.1 no", "354 go"}).empty());
    at_end.session.on_content_written();
    CHECK(at_end.say({"421 4.3.2 no room"}).empty());
    CHECK(at_end.failed_at() == client_stage::transaction);
    CHECK((at_end.outcomes_or(mail::status::transient("4.4.2", "lost"))) == "421 4.3.2 no room|550 5.1.1 no");

    opened resting(pipelining);
    resting.session.on_reply(reply(421, "4.4.2 idle too long"));
    CHECK(resting.written().empty());
    CHECK(resting.failure() == "6 421 4.4.2 idle too long");
}

TEST_CASE("a lost connection leaves those who had their word with it", "[smtp][client_session]") {
    // bad-input 50
    opened client(pipelining, lmtp());
    CHECK_FALSE(client.begin(message({"a@a", "b@b", "c@c", "d@d"})).empty());
    CHECK(client.say({"250 ok", "450 4.2.0 later", "550 5.1.1 no", "250 ok", "250 ok", "354 go"}).empty());
    client.session.on_content_written();
    CHECK(client.say({"250 2.0.0 stored"}).empty());
    CHECK(client.session.in_transaction());
    CHECK((client.outcomes_or(mail::status::transient("4.4.2", "lost"))) ==
          "450 4.2.0 later|550 5.1.1 no|250 2.0.0 stored|451 4.4.2 lost");
    CHECK(talk(plain()).session.unfinished().empty());
}

TEST_CASE("replies out of order fail the session", "[smtp][client_session]") {
    const std::vector<std::vector<std::string>> conversations = {
        {"354 go"},  // to MAIL
        {"250 ok", "354 go"},  // to RCPT
        {"250 ok", "250 ok", "250 ok"},  // to DATA
        {"250 ok", "250 ok", "334 go"},  // to DATA
        {"250 ok", "250 ok", "354 go", "354 go"},  // to the end of content
        {"220 ready"},  // of another command
        {"250 ok", "235 come in"},
    };
    for (const auto& replies : conversations) {
        opened client(pipelining);
        CHECK_FALSE(client.begin(message({"c@d"})).empty());
        for (const std::string& one : replies) {
            CHECK(client.say({one}).empty());
            if (client.wants<write_content>()) {
                client.session.on_content_written();
                CHECK(client.written().empty());
            }
        }
        CAPTURE(replies);
        REQUIRE(client.wants<session_failed>());
        CHECK(client.failed_at() == client_stage::protocol);
        CHECK(std::get<session_failed>(client.step).status.is_transient());
        CHECK((client.outcomes_or(mail::status::of(451, "", "x"))) == "451 x");
    }
}

TEST_CASE("content that was taken in words of another command was taken, and the session ends",
          "[smtp][client_session]") {
    for (const std::string said : {"220 ready", "221 bye", "211 status", "214 help", "235 come in"}) {
        CAPTURE(said);
        opened client(pipelining);
        CHECK_FALSE(client.begin(message({"c@d", "e@f"})).empty());
        CHECK(client.say({"250 ok", "250 ok", "550 5.1.1 no", "354 go"}).empty());
        client.session.on_content_written();
        CHECK(client.say({said}).empty());
        CHECK(client.outcome() == said + "|550 5.1.1 no");
        CHECK_FALSE(client.session.has_room());
        CHECK(client.written().empty());
        REQUIRE(client.wants<session_failed>());
        CHECK(std::get<session_failed>(client.step).status.is_transient());
        CHECK(client.session.unfinished().empty());
    }
}

TEST_CASE("of an LMTP store that answers in words of another command, all words are heard", "[smtp][client_session]") {
    opened client(pipelining, lmtp());
    CHECK_FALSE(client.begin(message({"a@a", "b@b", "c@c"})).empty());
    CHECK(client.say({"250 ok", "250 ok", "250 ok", "250 ok", "354 go"}).empty());
    client.session.on_content_written();
    CHECK(client.say({"221 bye", "452 4.2.2 full", "250 2.0.0 stored"}).empty());
    CHECK(client.outcome() == "221 bye|452 4.2.2 full|250 2.0.0 stored");
    CHECK(client.written().empty());
    CHECK(client.wants<session_failed>());
}

TEST_CASE("a reply that nobody expects fails the session", "[smtp][client_session]") {
    opened client(pipelining);
    client.session.on_reply(reply(250, "evil\x1b"));
    CHECK(client.written().empty());
    CHECK(client.failed_at() == client_stage::protocol);
    CHECK(client.failure().find('\x1b') == std::string::npos);
}

TEST_CASE("outcomes that are known are handed out even if garbage follows them", "[smtp][client_session]") {
    opened client(pipelining);
    CHECK_FALSE(client.begin(message({"c@d"})).empty());
    CHECK(client.say({"250 ok", "250 ok", "354 go"}).empty());
    client.session.on_content_written();
    CHECK(client.written().empty());
    client.session.on_reply(reply(250, "2.0.0 queued"));
    client.session.on_garbage("\x01\x02");
    CHECK(client.written().empty());
    CHECK(client.outcome() == "250 2.0.0 queued");
    CHECK(client.written().empty());
    CHECK(client.failed_at() == client_stage::protocol);
}

TEST_CASE("a reply in the middle of the content ends the session, and a refusal counts", "[smtp][client_session]") {
    opened client(pipelining);
    CHECK_FALSE(client.begin(message({"c@d", "e@f"})).empty());
    CHECK(client.say({"250 ok", "250 ok", "550 5.1.1 no", "354 go"}).empty());
    client.session.on_reply(reply(552, "5.3.4 too big"));
    CHECK(client.written().empty());
    CHECK(client.failure() == "7 552 5.3.4 too big");
    CHECK((client.outcomes_or(mail::status())) == "552 5.3.4 too big|550 5.1.1 no");
    client.session.on_content_written();
    CHECK(client.written().empty());

    opened too_early(pipelining);
    CHECK_FALSE(too_early.begin(message({"c@d"})).empty());
    CHECK(too_early.say({"250 ok", "250 ok", "354 go"}).empty());
    too_early.session.on_reply(reply(250, "2.0.0 queued"));  // of a message that it cannot have
    CHECK(too_early.written().empty());
    CHECK(too_early.failed_at() == client_stage::protocol);
    CHECK((too_early.outcomes_or(mail::status::of(451, "", "x"))) == "451 x");
}

TEST_CASE("whatever answers QUIT, the session is over", "[smtp][client_session]") {
    for (const std::string answer : {"221 bye", "421 no", "500 what", "250 ok"}) {
        opened client(pipelining);
        client.session.quit();
        CHECK(client.written() == "QUIT\r\n");
        CHECK(client.say({answer}).empty());
        CHECK(client.wants<session_over>());
    }
    opened client(pipelining);
    client.session.quit();
    CHECK(client.written() == "QUIT\r\n");
    client.session.on_garbage("\x16\x03");
    CHECK(client.written().empty());
    CHECK(client.wants<session_over>());
}

TEST_CASE("a driver that does what no step asked for is told so", "[smtp][client_session]") {
    client_session fresh(plain());
    CHECK_THROWS_AS(fresh.begin(message({"c@d"})), std::logic_error);
    CHECK_THROWS_AS(fresh.quit(), std::logic_error);
    CHECK_THROWS_AS(fresh.on_tls(), std::logic_error);
    CHECK_THROWS_AS(fresh.on_content_written(), std::logic_error);
    opened client(pipelining);
    CHECK_THROWS_AS(client.session.begin(message({})), std::logic_error);
}

TEST_CASE("a hostile peer gets no further than the end of the session", "[smtp][client_session]") {
    const std::vector<std::string> replies = {"220 mx",
                                              "250 ok",
                                              "250-mx|250-PIPELINING|250-STARTTLS|250-AUTH PLAIN|250 SIZE 50",
                                              "250-mx|250-AUTH LOGIN|250 8BITMIME",
                                              "354 go",
                                              "334 VXNlcm5hbWU6",
                                              "235 ok",
                                              "450 4.0.0 later",
                                              "550 5.0.0 no",
                                              "421 4.3.2 bye",
                                              "299 what",
                                              "399 what"};
    std::mt19937 random(20260529);
    int done = 0;
    for (int round = 0; round < 20'000; ++round) {
        client_settings settings{.helo = "out.example"};
        settings.lmtp = random() % 3 == 0;
        settings.tls = static_cast<client_tls>(random() % 4);
        settings.authenticate = random() % 4 == 0;
        talk client(settings);
        bool in_clear = settings.tls != client_tls::already;
        for (int i = 0; i < 60; ++i) {
            const std::string written = client.written();
            CHECK((!in_clear || written.find("AUTH") == std::string::npos));
            if (client.wants<session_failed>() || client.wants<session_over>()) break;
            if (client.wants<tls_handshake>()) {
                client.session.on_tls();
                in_clear = false;
            } else if (client.wants<need_credentials>()) {
                CHECK_FALSE(in_clear);
                client.session.on_credentials({"me", base::secret("secret")});
            } else if (client.wants<write_content>()) {
                if (random() % 8 != 0)
                    client.session.on_content_written();
                else
                    client.session.on_reply(reply(550, "early"));
            } else if (client.wants<idle>()) {
                if (random() % 8 == 0)
                    client.session.quit();
                else
                    client.session.begin(message({"c@d", "e@f", "g@h"}, random() % 100));
            } else if (const auto* outcome = std::get_if<transaction_done>(&client.step)) {
                CHECK(outcome->statuses.size() == 3);
                ++done;
            } else if (random() % 50 == 0) {
                client.session.on_garbage("garbage");
            } else {
                // nine times out of ten what fits, so that random talk gets somewhere
                std::string one = replies[random() % replies.size()];
                if (random() % 10 != 0) {
                    const auto within = std::get<read_reply>(client.step).within;
                    one = within == 2min                              ? "354 go"
                          : written.starts_with("STARTTLS") || i == 0 ? "220 mx"
                          : written.find("HLO") != std::string::npos  ? replies[2 + random() % 2]
                          : written.starts_with("AUTH PLAIN")         ? "235 ok"
                                                                      : "250 ok";
                }
                reply_reader reader;
                for (const std::string_view line : base::split(one, '|')) {
                    if (reader.on_line(line) == reply_reader::progress::done) client.session.on_reply(reader.take());
                }
            }
            for (const auto& each : client.session.unfinished()) CHECK(each.statuses.size() == 3);
        }
    }
    CHECK(done > 5000);
}
