#include "waypost/smtp/server_session.hpp"

#include <catch2/catch.hpp>

#include "stub_server.hpp"
#include "waypost/base/encoding.hpp"

using namespace waypost;
using namespace waypost::smtp;
using namespace std::string_literals;

namespace {

server_settings usual() { return {.host = *mail::domain::parse("mx.example.org")}; }
server_settings with_tls(requirement tls) {
    auto settings = usual();
    settings.tls = tls;
    return settings;
}
server_settings with_auth(requirement auth) {
    auto settings = usual();
    settings.auth = auth;
    return settings;
}

// A client that has said EHLO.
struct greeted : stub_server {
    explicit greeted(server_settings settings = usual()) : stub_server(std::move(settings)) {
        CHECK(replies() == "220 mx.example.org ESMTP waypost\r\n");
        CHECK(say("EHLO client.example\r\n").starts_with("250-mx.example.org\r\n"));
    }
    std::string line(const std::string& text) { return say(text + "\r\n"); }
    // To the 354.
    void begin_content() {
        CHECK(line("MAIL FROM:<a@b>").starts_with("250"));
        CHECK(line("RCPT TO:<c@d>").starts_with("250"));
        CHECK(line("DATA").starts_with("354"));
    }
};

bool is(const std::string& reply, std::string_view beginning) {
    CAPTURE(reply, beginning);
    CHECK(reply.starts_with(beginning));
    return reply.starts_with(beginning);
}

const std::string good_plain = base::base64_encode("\0me\0secret"s);
const std::string bad_plain = base::base64_encode("\0me\0guess"s);

}  // namespace

TEST_CASE("EHLO offers what the settings say", "[smtp][server_session]") {
    stub_server plain(usual());
    (void)plain.replies();
    CHECK(plain.say("EHLO c\r\n") ==
          "250-mx.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-SIZE "
          "36700160\r\n250-DSN\r\n"
          "250 HELP\r\n");
    auto settings = usual();
    settings.tls = requirement::offered;
    settings.auth = requirement::offered;
    settings.dsn = false;
    settings.limits.max_message_size = 1000;
    stub_server both(settings);
    (void)both.replies();
    CHECK(both.say("EHLO c\r\n") ==
          "250-mx.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-SIZE "
          "1000\r\n250-STARTTLS\r\n"
          "250 HELP\r\n");
    CHECK(is(both.say("STARTTLS\r\n"), "220 2.0.0"));
    both.tls_handshake();
    CHECK(both.say("EHLO c\r\n") ==
          "250-mx.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-SIZE 1000\r\n"
          "250-AUTH PLAIN LOGIN\r\n250 HELP\r\n");
}

TEST_CASE("HELO is answered with one line and offers nothing", "[smtp][server_session]") {
    stub_server server(usual());
    (void)server.replies();
    CHECK(server.say("HELO c\r\n") == "250 mx.example.org\r\n");
    CHECK(server.session().protocol_name() == "SMTP");
    CHECK(server.session().helo() == "c");
    CHECK_FALSE(server.session().extended());
}

TEST_CASE("a name that no host can have is refused and changes nothing", "[smtp][server_session]") {
    greeted server;
    CHECK(is(server.line("EHLO"), "501 5.5.4"));
    CHECK(is(server.line("HELO  "), "501 5.5.4"));
    CHECK(is(server.line("EHLO a\0b"s), "501 5.5.4"));
    CHECK(is(server.line("EHLO " + std::string(300, 'x')), "501 5.5.4"));
    CHECK(server.session().helo() == "client.example");
    CHECK(is(server.line("EHLO [IPv6:::1] or_so"), "250-"));
    CHECK(server.session().helo() == "[IPv6:::1] or_so");
}

TEST_CASE("a message goes through and the next one starts from nothing", "[smtp][server_session]") {
    greeted server;
    CHECK(server.line("MAIL FROM:<a@b> SIZE=10") == "250 2.1.0 Ok\r\n");
    CHECK(server.session().in_transaction());
    CHECK(server.line("RCPT TO:<c@d>") == "250 2.1.5 Ok\r\n");
    CHECK(server.line("RCPT TO:<e@f>") == "250 2.1.5 Ok\r\n");
    CHECK(server.session().recipients() == 2);
    CHECK(server.line("DATA").starts_with("354 "));
    CHECK(server.say("hi\r\n").empty());
    CHECK(server.say(".\r\n") == "250 2.0.0 Message accepted for delivery\r\n");
    CHECK_FALSE(server.session().in_transaction());
    CHECK(server.session().recipients() == 0);
    CHECK(server.session().accepted_messages() == 1);
    REQUIRE(server.accepted().size() == 1);
    CHECK(server.accepted()[0].recipients.size() == 2);
    CHECK(server.accepted()[0].content == "hi\r\n");
    CHECK(is(server.line("RCPT TO:<c@d>"), "503 5.5.1"));
    CHECK(is(server.line("DATA"), "503 5.5.1"));
    CHECK(server.line("QUIT") == "221 2.0.0 Bye\r\n");
    CHECK(server.closed());
}

TEST_CASE("a rejection at the end of content ends the transaction too", "[smtp][server_session]") {
    // Postfix 20260803: RCPT and DATA without MAIL went on with the old sender
    greeted server;
    server.on_content = [] { return mail::status::permanent("5.7.1", "spam"); };
    server.begin_content();
    CHECK(server.say("hi\r\n.\r\n") == "550 5.7.1 spam\r\n");
    CHECK_FALSE(server.session().in_transaction());
    CHECK(is(server.line("RCPT TO:<c@d>"), "503 5.5.1"));
    CHECK(is(server.line("DATA"), "503 5.5.1"));
    CHECK(server.session().accepted_messages() == 0);
}

TEST_CASE("commands out of order are refused", "[smtp][server_session]") {
    stub_server fresh(usual());
    for (const char* command : {"MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA"}) {
        CAPTURE(command);
        CHECK(is(fresh.replies() + fresh.say(command + "\r\n"s), fresh.session().helo().empty() ? "" : "503"));
    }
    greeted server;
    CHECK(is(server.line("RCPT TO:<a@b>"), "503 5.5.1"));
    CHECK(is(server.line("DATA"), "503 5.5.1"));
    CHECK(is(server.line("MAIL FROM:<a@b>"), "250"));
    CHECK(is(server.line("MAIL FROM:<a@b>"), "503 5.5.1"));
    CHECK(server.session().in_transaction());
    CHECK(is(server.line("DATA"), "554 5.5.1"));
    CHECK(is(server.line("DATA now"), "554 5.5.1"));
    CHECK(is(server.line("RCPT TO:<a@b>"), "250"));
    CHECK(is(server.line("DATA now"), "501 5.5.4"));
    CHECK(is(server.line("RSET now"), "501 5.5.4"));
    CHECK(server.session().recipients() == 1);
}

TEST_CASE("RSET and a second greeting end the transaction", "[smtp][server_session]") {
    greeted server;
    for (const char* command : {"RSET", "EHLO other", "HELO other"}) {
        CAPTURE(command);
        CHECK(is(server.line("MAIL FROM:<a@b>"), "250"));
        CHECK(is(server.line("RCPT TO:<c@d>"), "250"));
        CHECK(is(server.line(command), "250"));
        CHECK_FALSE(server.session().in_transaction());
        CHECK(is(server.line("RCPT TO:<c@d>"), "503"));
    }
    CHECK(server.session().helo() == "other");
}

TEST_CASE("verdicts are passed on in their own words, or in the usual ones", "[smtp][server_session]") {
    greeted server;
    server.on_sender = [](const mail::sender& sender) {
        return sender.address.is_null() ? mail::status::transient("4.7.1", "not now") : mail::status::success("", "");
    };
    server.on_recipient = [](const mail::recipient& recipient) {
        if (recipient.address.local.value() == "gone") return mail::status::of(551, "5.1.6", "try elsewhere");
        return mail::status::of(251, "2.1.5", "will forward");
    };
    CHECK(server.line("MAIL FROM:<>") == "451 4.7.1 not now\r\n");
    CHECK_FALSE(server.session().in_transaction());
    CHECK(server.line("MAIL FROM:<a@b>") == "250 2.1.0 Ok\r\n");
    CHECK(server.line("RCPT TO:<gone@d>") == "551 5.1.6 try elsewhere\r\n");
    CHECK(server.session().recipients() == 0);
    CHECK(is(server.line("DATA"), "554 5.5.1"));
    CHECK(server.line("RCPT TO:<c@d>") == "251 2.1.5 will forward\r\n");
    server.on_data = [] { return mail::status::transient("4.3.1", "no space"); };
    CHECK(server.line("DATA") == "451 4.3.1 no space\r\n");
    CHECK(server.session().recipients() == 1);  // may try again
    server.on_data = [] { return mail::status(); };
    CHECK(is(server.line("DATA"), "354"));
    server.on_content = [] { return mail::status::success("2.6.0", "0123 Message accepted for delivery"); };
    CHECK(server.say(".\r\n") == "250 2.6.0 0123 Message accepted for delivery\r\n");
}

TEST_CASE("a verdict of 421 ends the session", "[smtp][server_session]") {
    const auto shut = [] { return mail::status::of(421, "4.3.2", "shutting down"); };
    greeted at_mail;
    at_mail.on_sender = [&](const auto&) { return shut(); };
    CHECK(at_mail.line("MAIL FROM:<a@b>") == "421 4.3.2 shutting down\r\n");
    CHECK(at_mail.closed());
    greeted at_end;
    at_end.on_content = shut;
    at_end.begin_content();
    CHECK(at_end.say(".\r\n") == "421 4.3.2 shutting down\r\n");
    CHECK(at_end.closed());
    CHECK_FALSE(at_end.session().in_transaction());
}

TEST_CASE("a declared size over the limit is refused at MAIL", "[smtp][server_session]") {
    auto settings = usual();
    settings.limits.max_message_size = 1000;
    greeted server(settings);
    CHECK(is(server.line("MAIL FROM:<a@b> SIZE=1001"), "552 5.3.4"));
    CHECK_FALSE(server.session().in_transaction());
    CHECK(is(server.line("MAIL FROM:<a@b> SIZE=1000"), "250"));
}

TEST_CASE("what the parameters said reaches the driver", "[smtp][server_session]") {
    greeted server;
    CHECK(is(server.line("MAIL FROM:<a@b> BODY=8BITMIME RET=HDRS ENVID=x"), "250"));
    CHECK(server.session().sender().eight_bit);
    CHECK(server.session().sender().envelope_id == "x");
    CHECK(is(server.line("RCPT TO:<c@d> NOTIFY=NEVER"), "250"));
    CHECK(is(server.line("DATA"), "354"));
    CHECK(is(server.say(".\r\n"), "250"));
    CHECK(server.accepted().at(0).sender.ret == mail::dsn_return::headers);
    CHECK(server.accepted().at(0).recipients.at(0).notify.never);
}

TEST_CASE("recipients over the limit get 452, and an endless flood of them ends the session",
          "[smtp][server_session]") {
    auto settings = usual();
    settings.limits.max_recipients = 3;
    greeted server(settings);
    CHECK(is(server.line("MAIL FROM:<a@b>"), "250"));
    for (int i = 0; i < 3; ++i) CHECK(is(server.line("RCPT TO:<c@d>"), "250"));
    for (int i = 0; i < 100; ++i) CHECK(is(server.line("RCPT TO:<c@d>"), "452 4.5.3"));
    CHECK(server.session().recipients() == 3);
    CHECK_FALSE(server.closed());
    for (int i = 0; i < 100'000 && !server.closed(); ++i) (void)server.line("RCPT TO:<c@d>");
    CHECK(server.closed());
}

TEST_CASE("transactions over the limit get 452", "[smtp][server_session]") {
    auto settings = usual();
    settings.limits.max_transactions = 1;
    greeted server(settings);
    server.begin_content();
    CHECK(is(server.say(".\r\n"), "250"));
    CHECK(is(server.line("MAIL FROM:<a@b>"), "452 4.3.2"));
    CHECK_FALSE(server.session().in_transaction());
}

TEST_CASE("the command after too many errors is answered with 421", "[smtp][server_session]") {
    auto settings = usual();
    settings.limits.max_errors = 3;
    greeted server(settings);
    CHECK(is(server.line("nonsense"), "500 5.5.2"));
    CHECK(is(server.line(""), "500 5.5.2"));
    CHECK(is(server.line(std::string(5000, 'x')), "500 5.5.2"));
    CHECK_FALSE(server.closed());
    CHECK(is(server.line("MAIL FROM:<a@b>"), "421 4.7.0"));
    CHECK(server.closed());
}

TEST_CASE("commands that bring no mail nearer are not answered for ever, but mail makes up for them",
          "[smtp][server_session]") {
    auto settings = usual();
    settings.limits.max_idle_commands = 10;
    for (const char* command : {"NOOP", "RSET", "HELP", "VRFY me", "EHLO again"}) {
        greeted server(settings);
        for (int i = 0; i < 5; ++i) {
            for (int j = 0; j < 9; ++j) CHECK(is(server.line(command), "2"));
            server.begin_content();
            CHECK(is(server.say(".\r\n"), "250"));
        }
        for (int j = 0; j < 11; ++j) CHECK(is(server.line(command), "2"));
        CHECK(is(server.line(command), "421 4.7.0"));
        CHECK(server.closed());
    }
}

TEST_CASE("every loop of commands comes to an end unless mail is accepted", "[smtp][server_session]") {
    const auto later = mail::status::transient("4.7.1", "later");
    const std::vector<std::vector<std::string>> loops = {{"MAIL FROM:<a@b>", "RSET"},
                                                         {"MAIL FROM:<a@b>", "RCPT TO:<c@d>", "RSET"},
                                                         {"MAIL FROM:<a@b>"},
                                                         {"MAIL FROM:<later@b>"},
                                                         {"MAIL FROM:<a@b>", "RCPT TO:<later@d>"},
                                                         {"MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA", "."},
                                                         {"DATA"},
                                                         {"EHLO x"},
                                                         {"AUTH PLAIN", "*"},
                                                         {"AUTH LOGIN"},
                                                         {"nonsense"},
                                                         {"VRFY x"},
                                                         {"EXPN x"},
                                                         {"STARTTLS"}};
    for (const auto& loop : loops) {
        CAPTURE(loop);
        greeted server(with_auth(requirement::offered));
        server.on_sender = [&](const mail::sender& s) {
            return s.address.text() == "later@b" ? later : mail::status();
        };
        server.on_recipient = [&](const mail::recipient& r) {
            return r.address.text() == "later@d" ? later : mail::status();
        };
        server.on_content = [&] { return later; };
        int commands = 0;
        for (; commands < 10'000 && !server.closed(); ++commands) {
            (void)server.line(loop[static_cast<std::size_t>(commands) % loop.size()]);
        }
        CHECK(server.closed());
    }
}

TEST_CASE("what stands behind a bare line end never becomes a command", "[smtp][server_session]") {
    for (const char* line :
         {"MAIL FROM:<a@b>\nRCPT TO:<c@d>\r\n", "MAIL FROM:<a\r@b>\r\n", "NOOP\n\n\nQUIT\r\n", "QUIT\r\r\n"}) {
        CAPTURE(line);
        greeted server;
        CHECK(server.say(line) == "500 5.5.2 Lines must end in CRLF\r\n");
        CHECK(server.closed());
    }
    greeted in_transaction;
    CHECK(is(in_transaction.line("MAIL FROM:<a@b>"), "250"));
    CHECK(is(in_transaction.say("RCPT TO:<c@d>\nDATA\r\n"), "500"));
    CHECK_FALSE(in_transaction.session().in_transaction());
}

TEST_CASE("other protocols are hung up on at their first line", "[smtp][server_session]") {
    for (const std::string first :
         {"GET / HTTP/1.1", "POST / HTTP/1.1", "CONNECT mx:25 HTTP/1.1", "PRI * HTTP/2.0", "\x16\x03\x01\x02"}) {
        CAPTURE(first);
        stub_server server(usual());
        (void)server.replies();
        CHECK(is(server.say(first + "\r\nHELO x\r\nMAIL FROM:<a@b>\r\n"), "421 4.7.0 "));
        CHECK(server.closed());
        CHECK(server.replies().empty());
    }
    CHECK(looks_like_tls("\x16\x03\x01"));
    CHECK_FALSE(looks_like_tls("EHLO"));
    CHECK_FALSE(looks_like_tls("\x16"));
}

TEST_CASE("VRFY, EXPN, HELP and NOOP tell nothing about anybody", "[smtp][server_session]") {
    greeted server;
    CHECK(is(server.line("VRFY root"), "252 2."));
    CHECK(is(server.line("VRFY"), "501 5.5.4"));
    CHECK(is(server.line("EXPN staff"), "502 5.5.1"));
    CHECK(is(server.line("HELP mail"), "214 2.0.0"));
    CHECK(server.line("NOOP what\x01"
                      "ever") == "250 2.0.0 Ok\r\n");
}

TEST_CASE("commands pipelined behind DATA are content, and behind a refused DATA are nothing",
          "[smtp][server_session]") {
    greeted server;
    const std::string replies = server.say(
        "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nMAIL FROM:<x@y>\r\n.\r\nMAIL FROM:<e@f>\r\nDATA\r\nRSET\r\n");
    CHECK(server.accepted().at(0).content == "MAIL FROM:<x@y>\r\n");
    CHECK(replies.ends_with("250 2.1.0 Ok\r\n421 4.5.0 DATA is refused, and there is input behind it\r\n"));
}

// --- TLS

TEST_CASE("where TLS is required nothing of worth is done without it", "[smtp][server_session]") {
    greeted server(with_tls(requirement::required));
    for (const char* command : {"MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA", "AUTH PLAIN", "VRFY x", "HELP", "what"}) {
        CAPTURE(command);
        CHECK(is(server.line(command), "530 5.7.0"));
    }
    for (const char* command : {"NOOP", "RSET", "EHLO x", "HELO x"}) CHECK(is(server.line(command), "250"));
    CHECK(is(server.line("STARTTLS"), "220 2.0.0"));
    server.tls_handshake();
    CHECK(is(server.line("EHLO x"), "250"));
    CHECK(is(server.line("MAIL FROM:<a@b>"), "250"));
    CHECK(server.session().protocol_name() == "ESMTPS");
}

TEST_CASE("STARTTLS makes all that was said before it vanish", "[smtp][server_session]") {
    greeted server(with_tls(requirement::offered));
    CHECK(is(server.line("MAIL FROM:<a@b>"), "250"));
    CHECK(is(server.line("RCPT TO:<c@d>"), "250"));
    // CVE-2011-0411: what came in one segment with STARTTLS
    CHECK(server.say("STARTTLS\r\nMAIL FROM:<evil@b>\r\n") == "220 2.0.0 Ready to start TLS\r\n");
    CHECK_FALSE(server.session().in_transaction());
    CHECK(server.session().helo().empty());
    server.tls_handshake();
    CHECK(server.session().tls_active());
    CHECK(server.line("RCPT TO:<c@d>") == "503 5.5.1 Say MAIL first\r\n");
    CHECK(is(server.line("MAIL FROM:<a@b>"), "503 5.5.1"));
    CHECK(is(server.line("STARTTLS"), "503 5.5.1"));
}

TEST_CASE("STARTTLS that cannot be is refused", "[smtp][server_session]") {
    greeted without;
    CHECK(is(without.line("STARTTLS"), "502 5.5.1"));
    greeted with(with_tls(requirement::offered));
    CHECK(is(with.line("STARTTLS now"), "501 5.5.4"));
    server_session from_the_start(with_tls(requirement::required), true);
    CHECK(std::get<send_reply>(from_the_start.on_line("STARTTLS")).reply.code == 503);
    CHECK(std::get<send_reply>(from_the_start.on_line("HELP")).reply.code == 214);
}

// --- AUTH

TEST_CASE("PLAIN authenticates once", "[smtp][server_session]") {
    greeted server(with_auth(requirement::required));
    CHECK(is(server.line("MAIL FROM:<a@b>"), "530 5.7.0"));
    CHECK(server.line("AUTH PLAIN " + bad_plain) == "535 5.7.8 Authentication credentials invalid\r\n");
    CHECK(server.session().authenticated_user().empty());
    CHECK(server.line("AUTH plain " + good_plain) == "235 2.7.0 Authentication succeeded\r\n");
    CHECK(server.session().authenticated_user() == "me");
    CHECK(server.session().protocol_name() == "ESMTPA");
    CHECK(is(server.line("AUTH PLAIN " + good_plain), "503 5.5.1"));
    CHECK(is(server.line("EHLO again"), "250"));
    CHECK(server.session().authenticated_user() == "me");
    CHECK(is(server.line("MAIL FROM:<a@b>"), "250"));
}

TEST_CASE("PLAIN and LOGIN can be had step by step", "[smtp][server_session]") {
    greeted plain(with_auth(requirement::offered));
    CHECK(plain.line("AUTH PLAIN") == "334 \r\n");
    CHECK(is(plain.line(good_plain), "235 2.7.0"));
    greeted login(with_auth(requirement::offered));
    CHECK(login.line("AUTH LOGIN") == "334 VXNlcm5hbWU6\r\n");
    CHECK(login.line(base::base64_encode("me")) == "334 UGFzc3dvcmQ6\r\n");
    CHECK(is(login.line(base::base64_encode("secret")), "235 2.7.0"));
    CHECK(login.session().authenticated_user() == "me");
}

TEST_CASE("an exchange that goes wrong is over, and the next line is a command", "[smtp][server_session]") {
    greeted server(with_auth(requirement::offered));
    CHECK(is(server.line("AUTH PLAIN"), "334"));
    CHECK(is(server.line("*"), "501 5.7.0"));
    CHECK(is(server.line("NOOP"), "250"));
    CHECK(is(server.line("AUTH LOGIN"), "334"));
    CHECK(is(server.line("MAIL FROM:<a@b>"), "501 5.5.2"));
    CHECK(is(server.line("MAIL FROM:<a@b>"), "250"));
    CHECK(is(server.line("AUTH PLAIN " + good_plain), "503 5.5.1"));  // not in a transaction
    CHECK(is(server.line("RSET"), "250"));
    CHECK(is(server.line("AUTH PLAIN"), "334"));
    CHECK(is(server.say(std::string(5000, 'A') + "\r\n"), "500 5.5.6"));
    CHECK(is(server.line("NOOP"), "250"));
}

TEST_CASE("AUTH that is no AUTH is refused", "[smtp][server_session]") {
    greeted server(with_auth(requirement::offered));
    CHECK(is(server.line("AUTH"), "501 5.5.4"));
    CHECK(is(server.line("AUTH CRAM-MD5"), "504 5.5.4"));
    CHECK(is(server.line("AUTH PLAINTEXT"), "504 5.5.4"));
    CHECK(is(server.line("AUTH PLAIN ="), "501 5.5.2"));
    CHECK(is(server.line("AUTH PLAIN AAA"), "501 5.5.2"));
    CHECK(is(server.line("AUTH PLAIN " + good_plain + " x"), "501 5.5.2"));
    CHECK(is(server.line("AUTH PLAIN something"), "501 5.5.2"));
    CHECK(is(server.line("AUTH LOGIN ="), "501 5.5.2"));
    stub_server fresh(with_auth(requirement::offered));
    (void)fresh.replies();
    CHECK(is(fresh.say("AUTH PLAIN\r\n"), "503 5.5.1"));
    greeted without;
    CHECK(is(without.line("AUTH PLAIN"), "502 5.5.1"));
}

TEST_CASE("no password gets into a log", "[smtp][server_session]") {
    greeted server(with_auth(requirement::offered));
    CHECK(server.session().loggable("MAIL FROM:<a\x1b@b>") == "MAIL FROM:<a\\x1b@b>");
    CHECK(server.session().loggable("auth plain " + good_plain) == "AUTH PLAIN");
    CHECK(is(server.line("AUTH LOGIN"), "334"));
    CHECK(server.session().loggable("c2VjcmV0") == "(authentication response)");
}

TEST_CASE("audit 15: only words that are known are shown in a log", "[smtp][server_session]") {
    const greeted server(with_auth(requirement::offered));
    const auto shown = [&](std::string_view line) { return server.session().loggable(line); };
    CHECK(shown(" AUTH PLAIN " + good_plain) ==
          "(unknown command, " + std::to_string(12 + good_plain.size()) + " octets)");
    CHECK(shown("\tAUTH PLAIN x") == "(unknown command, 13 octets)");
    CHECK(shown("c2VjcmV0") == "(unknown command, 8 octets)");
    CHECK(shown("secret") == "(unknown command, 6 octets)");
    CHECK(shown("AUTH c2VjcmV0") == "AUTH (unknown mechanism)");
    CHECK(shown("AUTH=PLAIN c2VjcmV0") == "(unknown command, 19 octets)");
    CHECK(shown("AUTH cram-md5") == "AUTH CRAM-MD5");
    CHECK(shown("NOOP secret") == "NOOP");
    CHECK(shown("get /secret HTTP/1.1") == "GET");
    CHECK(shown("BDAT 6 LAST") == "BDAT");
    CHECK(shown("RCPT TO:<x@example.org>") == "RCPT TO:<x@example.org>");
    CHECK(shown("EHLO x") == "EHLO x");
    CHECK(shown("HELO [192.0.2.1]") == "HELO [192.0.2.1]");
    CHECK(shown("VRFY <joe@example.org>") == "VRFY <joe@example.org>");
    CHECK(shown("VRFY joe") == "VRFY joe");
    CHECK(shown("mail from: <a@b> SIZE=1") == "mail from: <a@b> SIZE=1");
    CHECK(shown("") == "(unknown command, 0 octets)");
}

TEST_CASE("an argument that is not what its command has is not shown in a log", "[smtp][server_session]") {
    const greeted server(with_auth(requirement::offered));
    const auto shown = [&](std::string_view line) { return server.session().loggable(line); };
    CHECK(shown("MAIL secret") == "MAIL (6 octets)");
    CHECK(shown("RCPT FROM:<a@b>") == "RCPT (10 octets)");
    CHECK(shown("EHLO c2VjcmV0=") == "EHLO (9 octets)");
    CHECK(shown("HELO ada secret") == "HELO (10 octets)");
    CHECK(shown("VRFY pass/word+") == "VRFY (10 octets)");
    CHECK(shown("EXPN \x1b[0m") == "EXPN (4 octets)");
    CHECK(shown("MAIL") == "MAIL");
}

TEST_CASE("audit 8: a refused DATA with input behind it ends the session", "[smtp][server_session]") {
    const std::string body = "RSET\r\nMAIL FROM:<inner@x>\r\nRCPT TO:<c@d>\r\nDATA\r\ninner\r\n.\r\n";
    const std::vector<std::string> refused = {
        "DATA\r\n",                                        // no transaction
        "MAIL FROM:<a@b>\r\nDATA\r\n",                     // no recipient
        "MAIL FROM:<a@b>\r\nRCPT TO:<>\r\nDATA\r\n",       // none that is valid
        "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA x\r\n",  // no argument
    };
    for (const std::string& group : refused) {
        CAPTURE(group);
        greeted server(usual());
        CHECK_THAT(server.say(group + body),
                   Catch::Matchers::EndsWith("421 4.5.0 DATA is refused, and there is input behind it\r\n"));
        CHECK(server.closed());
        CHECK(server.accepted().empty());
    }
    auto tls_first = usual();
    tls_first.tls = requirement::required;
    greeted in_clear(tls_first);
    CHECK(is(in_clear.say("DATA\r\n" + body), "421 4.5.0"));
    CHECK(in_clear.closed());

    greeted later(usual());
    later.on_data = [] { return mail::status::transient("4.3.1", "no room"); };
    CHECK_THAT(later.say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n" + body),
               Catch::Matchers::Contains("\r\n421 4.5.0"));
    CHECK(later.closed());
}

TEST_CASE("audit 8: a message that comes after the reply to a refused DATA ends the session",
          "[smtp][server_session]") {
    for (const std::string& first_line : {"Received: from a by b"s, "Subject: x"s, ""s, "."s, std::string(5000, 'x')}) {
        CAPTURE(first_line);
        greeted server(usual());
        CHECK(is(server.line("DATA"), "503 5.5.1"));
        CHECK(is(server.say(first_line + "\r\nMAIL FROM:<inner@x>\r\n"), "421 4.5.0 A message"));
        CHECK(server.closed());
    }
    greeted server(usual());  // while a command is one
    CHECK(is(server.line("DATA"), "503 5.5.1"));
    CHECK(is(server.line("MAIL FROM:<a@b>"), "250"));
    CHECK(is(server.line("nonsense"), "500 5.5.2"));
}

TEST_CASE("audit 8: content behind a DATA that is accepted is content", "[smtp][server_session]") {
    greeted server(usual());
    (void)server.say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nMAIL FROM:<inner@x>\r\n.\r\n");
    CHECK_FALSE(server.closed());
    REQUIRE(server.accepted().size() == 1);
    CHECK(server.accepted()[0].content == "MAIL FROM:<inner@x>\r\n");
}

TEST_CASE("audit 8: BDAT is not offered, so its content is not read as commands", "[smtp][server_session]") {
    greeted server(usual());
    CHECK(is(server.say("MAIL FROM:<a@b>\r\n"), "250"));
    CHECK(is(server.say("bdat 20 LAST\r\nMAIL FROM:<inner@x>\r\n"), "502 5.5.1"));
    CHECK(server.closed());
    CHECK_FALSE(server.session().in_transaction());
}

TEST_CASE("a password is not taken in clear where TLS could be had", "[smtp][server_session]") {
    auto settings = with_auth(requirement::required);
    settings.tls = requirement::offered;
    greeted server(settings);
    CHECK(is(server.line("AUTH PLAIN " + good_plain), "538 5.7.11"));
    CHECK(is(server.line("STARTTLS"), "220"));
    server.tls_handshake();
    CHECK(is(server.line("EHLO x"), "250"));
    CHECK(is(server.line("AUTH PLAIN " + good_plain), "235"));
    CHECK(server.session().protocol_name() == "ESMTPSA");
}

TEST_CASE("verdicts on passwords get the codes of RFC 4954", "[smtp][server_session]") {
    greeted server(with_auth(requirement::offered));
    server.on_password = [](const auto&) { return mail::status::transient("4.7.0", "directory unavailable"); };
    CHECK(server.line("AUTH PLAIN " + good_plain) == "454 4.7.0 directory unavailable\r\n");
    server.on_password = [](const auto&) { return mail::status::of(534, "5.7.9", "too weak"); };
    CHECK(server.line("AUTH PLAIN " + good_plain) == "534 5.7.9 too weak\r\n");
}

TEST_CASE("a driver that does not answer a question is told so", "[smtp][server_session]") {
    server_session session(usual());
    CHECK_THROWS_AS(session.on_verdict(mail::status()), std::logic_error);
    CHECK_THROWS_AS(session.on_content_end(mail::status()), std::logic_error);
    CHECK_THROWS_AS(session.on_tls(), std::logic_error);
    (void)session.on_line("EHLO x");
    (void)session.on_line("MAIL FROM:<a@b>");
    CHECK_THROWS_AS(session.on_line("NOOP"), std::logic_error);
    CHECK_THROWS_AS(session.on_bad_line(true), std::logic_error);
}
