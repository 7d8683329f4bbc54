#include "session.hpp"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <future>

#include "front_door.hpp"
#include "support/full_disk.hpp"
#include "waypost/base/encoding.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using namespace std::string_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::front_door;
using test::smtp_client;

namespace {

struct content_case {
    std::string content;
    std::string code;
};

const std::string message = "Subject: x\r\n\r\nbody\r\n";

std::string plain(const std::string& user, const std::string& password) {
    return "AUTH PLAIN " + base::base64_encode("\0"s + user + "\0"s + password);
}

}  // namespace

// --- custody

TEST_CASE("a mail is accepted only when the store has committed it", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.sending();
    door.house.store.holds = true;
    client.send(message + ".\r\n");
    door.house.until([&] { return door.house.store.inserting == 1; });
    CHECK_FALSE(client.hears_something());
    CHECK(door.out.tasks.empty());
    door.house.store.release();
    const std::string reply = client.reply();
    REQUIRE(door.messages() == 1);
    const auto& kept = door.house.store.rows.messages.begin()->second;
    CHECK(reply == "250 2.0.0 " + spool::to_string(kept.id) + " Message accepted for delivery");
    CHECK(door.out.tasks.size() == 1);
    CHECK(client.ask("QUIT").starts_with("221 "));
    CHECK(client.reply() == "(closed)");
}

TEST_CASE("what was sent is what is kept, behind a Received field", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.sending();
    client.send("Subject: x\r\n\r\n..dot\r\n.\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
    REQUIRE(door.messages() == 1);
    const auto& kept = door.house.store.rows.messages.begin()->second;
    const std::string text = door.kept(kept);
    CHECK_THAT(
        text,
        StartsWith(
            "Received: from client.example (localhost [127.0.0.1])\r\n\tby mx.example.org (waypost) with ESMTP id "));
    CHECK_THAT(text, Contains("id " + spool::to_string(kept.id)) && Contains("for <bob@example.org>"));
    CHECK(text.ends_with("\r\nSubject: x\r\n\r\n.dot\r\n"));
    CHECK(kept.size == text.size());
    CHECK(kept.sender.address.text() == "ada@example.net");
    CHECK(kept.arrived == door.house.clock.wall());
    REQUIRE(door.house.store.rows.envelopes.size() == 1);
    CHECK(door.house.store.rows.envelopes.begin()->second.is.recipient.address.text() == "bob@example.org");
}

TEST_CASE("a store that cannot keep a mail has it refused for now, and nothing of it is left", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.sending();
    bool broken = true;
    door.house.store.rows.refuses = [&broken](test::fake_store::verb) { return broken; };
    client.send(message + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith("451 4.3.0 "));
    CHECK(door.messages() == 0);
    CHECK(door.out.tasks.empty());
    SECTION("and the session goes on") {
        broken = false;
        CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("503 "));
        CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
        CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
        CHECK_THAT(client.ask("DATA"), StartsWith("354 "));
        client.send(message + ".\r\n");
        CHECK_THAT(client.reply(), StartsWith("250 "));
        CHECK(door.messages() == 1);
    }
}

TEST_CASE("a disk that is full in the middle of a mail has it refused for now", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.sending();
    const std::string line = std::string(98, 'x') + "\r\n";
    std::string text = "Subject: x\r\n\r\n";
    while (text.size() < 4 * spool::content::memory_limit) text += line;
    std::string reply;
    {
        const test::full_disk limit(spool::content::memory_limit + 1000);
        client.send(text + ".\r\n");
        reply = client.reply();
    }
    CHECK_THAT(reply, StartsWith("452 4.3.1 "));
    CHECK(door.messages() == 0);
    CHECK(client.ask("QUIT").starts_with("221 "));
}

TEST_CASE("content that cannot be stored is no longer read at some length, and refused for now", "[inbound][session]") {
    front_door door;
    door.how.most_discarded_content = 100'000;
    door.open();
    auto client = door.sending();
    std::string text = "Subject: x\r\n\r\n";
    while (text.size() < 4 * spool::content::memory_limit + 200'000) text += std::string(98, 'x') + "\r\n";
    const test::full_disk limit(spool::content::memory_limit + 1000);
    client.send(text);
    CHECK_THAT(client.reply(), StartsWith("452 4.3.1 "));
    CHECK(client.reply() == "(closed)");
}

TEST_CASE("a mail that does not fit into memory is kept whole", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.sending();
    std::string text = "Subject: x\r\n\r\n";
    for (int i = 0; text.size() < 400'000; ++i)
        text += std::string(static_cast<std::size_t>(i * 31 % 200), 'x') + "\r\n";
    client.send(text + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
    REQUIRE(door.messages() == 1);
    const auto& kept = door.house.store.rows.messages.begin()->second;
    CHECK(kept.text->in_file());
    const std::string whole = door.kept(kept);
    CHECK((whole.ends_with(text) && whole.starts_with("Received: ")));
}

TEST_CASE("several mails of one session are kept apart", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    for (int i = 0; i < 3; ++i) {
        const std::string number = std::to_string(i);
        CHECK_THAT(client.ask("MAIL FROM:<a" + number + "@example.net>"), StartsWith("250 "));
        CHECK_THAT(client.ask("RCPT TO:<b" + number + "@example.org>"), StartsWith("250 "));
        CHECK_THAT(client.ask("DATA"), StartsWith("354 "));
        client.send("Subject: " + number + "\r\n\r\n.\r\n");
        CHECK_THAT(client.reply(), StartsWith("250 "));
    }
    REQUIRE(door.messages() == 3);
    int i = 0;
    for (const auto& [id, kept] : door.house.store.rows.messages) {
        CHECK(kept.sender.address.text() == "a" + std::to_string(i) + "@example.net");
        CHECK_THAT(door.kept(kept), Contains("Subject: " + std::to_string(i++)));
    }
    CHECK(door.house.store.rows.envelopes.size() == 3);
}

TEST_CASE("the recipients of an abandoned transaction are not those of the next", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<old@example.org>"), StartsWith("250 "));
    const std::string abandon = GENERATE("RSET", "EHLO again.example", "HELO again.example");
    CHECK_THAT(client.ask(abandon), StartsWith("250"));
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<new@example.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("DATA"), StartsWith("354 "));
    client.send(message + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
    REQUIRE(door.house.store.rows.envelopes.size() == 1);
    CHECK(door.house.store.rows.envelopes.begin()->second.is.recipient.address.text() == "new@example.org");
    CHECK_THAT(door.kept(door.house.store.rows.messages.begin()->second), Contains("for <new@example.org>"));
}

TEST_CASE("a recipient who is not alone is not named in the Received field", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<blind@example.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("DATA"), StartsWith("354 "));
    client.send(message + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
    const std::string text = door.kept(door.house.store.rows.messages.begin()->second);
    CHECK(text.find("blind") == std::string::npos);
    CHECK(text.find("bob") == std::string::npos);
}

TEST_CASE("a recipient who was refused does not stand in the way of the one who was not", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<eve@elsewhere.example>"), StartsWith("550 5.7.1 "));
    CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<mallory@elsewhere.example>"), StartsWith("550 "));
    CHECK_THAT(client.ask("DATA"), StartsWith("354 "));
    client.send(message + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
    CHECK(door.house.store.rows.envelopes.size() == 1);
    CHECK_THAT(door.kept(door.house.store.rows.messages.begin()->second), Contains("for <bob@example.org>"));
}

TEST_CASE("a table that cannot be asked defers the recipient and never refuses him", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    door.domains.unavailable = true;
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("451 "));
    door.domains.unavailable = false;
    CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
}

// --- content

TEST_CASE("content that no mail may have is refused, and none of it becomes a command", "[inbound][session]") {
    front_door door;
    door.how.longest_line = 1000;
    door.first().protocol.limits.max_message_size = 5000;
    door.first().protocol.line_feed = smtp::bare_line_feed::refuse;
    door.open();
    const auto [content, code] =
        GENERATE(values<content_case>({{"bare\nline feed\r\n", "554 5.6.0 "},
                                       {"bare\rreturn\r\n", "554 5.6.0 "},
                                       {"smuggled\n.\r\nMAIL FROM:<eve@example.net>\r\n", "554 5.6.0 "},
                                       {"smuggled\r\n.\nMAIL FROM:<eve@example.net>\r\n", "554 5.6.0 "},
                                       {"smuggled\n.\nMAIL FROM:<eve@example.net>\r\n", "554 5.6.0 "},
                                       {"smuggled\r.\rMAIL FROM:<eve@example.net>\r\n", "554 5.6.0 "},
                                       {"smuggled\r\r\n.\r\r\nMAIL FROM:<eve@example.net>\r\n", "554 5.6.0 "},
                                       {"nul\0byte\r\n"s, "554 5.6.0 "},
                                       {std::string(1001, 'x') + "\r\n", "554 5.6.0 "},
                                       {std::string(20, 'x') + "\r\n" + std::string(6, '\n') + "\r\n", "554 5.6.0 "}}));
    auto client = door.sending();
    client.send(content + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith(code));
    CHECK(door.messages() == 0);
    CHECK_FALSE(client.hears_something());
    CHECK(client.ask("NOOP").starts_with("250 "));
}

TEST_CASE("content with bare line feeds is kept with CRLF, and a lone dot in it ends nothing", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.sending();
    std::string lines, kept_lines;
    for (int i = 0; i < 3000; ++i) {  // more than one read
        lines += std::to_string(i) + "\n..x\n.\n";
        kept_lines += std::to_string(i) + "\r\n.x\r\n.\r\n";
    }
    client.send("Subject: x\n\n" + lines + ".\nMAIL FROM:<eve@example.net>\n.\r\n");
    CHECK_FALSE(client.hears_something());
    client.send(".\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
    REQUIRE(door.messages() == 1);
    const std::string text = door.kept(door.house.store.rows.messages.begin()->second);
    CHECK(text.ends_with("\r\nSubject: x\r\n\r\n" + kept_lines + ".\r\nMAIL FROM:<eve@example.net>\r\n.\r\n"));
    CHECK(client.ask("NOOP").starts_with("250 "));
}

TEST_CASE("a mail that is too big is refused at its end, and the session goes on", "[inbound][session]") {
    front_door door;
    door.first().protocol.limits.max_message_size = 5000;
    door.open();
    auto client = door.sending();
    std::string text;
    while (text.size() < 300'000) text += std::string(70, 'x') + "\r\n";
    client.send(text + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith("552 5.3.4 "));
    CHECK(door.messages() == 0);
    CHECK(client.ask("NOOP").starts_with("250 "));
}

TEST_CASE("a mail that says its size and is too big is refused at MAIL", "[inbound][session]") {
    front_door door;
    door.first().protocol.limits.max_message_size = 5000;
    door.open();
    auto client = door.greeted();
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net> SIZE=5001"), StartsWith("552 5.3.4 "));
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net> SIZE=5000"), StartsWith("250 "));
}

TEST_CASE("a mail that has passed too many hosts is in a loop", "[inbound][session]") {
    front_door door;
    door.how.max_received_fields = 5;
    door.open();
    std::string four;
    for (int i = 0; i < 4; ++i) four += "Received: from a by b\r\n";
    auto client = door.sending();
    client.send(four + "Delivered-To: x\r\n\r\nbody\r\n.\r\n");
    CHECK_THAT(client.reply(), StartsWith("554 5.4.6 "));
    CHECK(door.messages() == 0);
    auto other = door.sending();
    other.send(four + "\r\nReceived: in the body\r\n.\r\n");
    CHECK_THAT(other.reply(), StartsWith("250 "));
}

TEST_CASE("a mail that comes byte by byte is the same mail", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.sending();
    for (const char c : "Subject: x\r\n\r\n..\r\nbody\r\n.\r\n"s) client.send(std::string_view(&c, 1));
    CHECK_THAT(client.reply(), StartsWith("250 "));
    CHECK_THAT(door.kept(door.house.store.rows.messages.begin()->second),
               Catch::EndsWith("Subject: x\r\n\r\n.\r\nbody\r\n"));
}

TEST_CASE("a client that disconnects in the middle of content leaves nothing", "[inbound][session]") {
    front_door door;
    door.open();
    const std::string sent = GENERATE(""s, "Subject: x\r\n\r\nhalf a mess"s, "whole\r\n"s, "whole\r\n."s,
                                      "whole\r\n.\r"s, std::string(200'000, 'x'));
    auto client = door.sending();
    client.send(sent);
    client.close();
    door.house.until([&] { return door.output.has("event=disconnected"); });
    CHECK(door.messages() == 0);
    CHECK(door.house.store.inserting == 0);
    CHECK(door.out.tasks.empty());
}

TEST_CASE("a client that disconnects while its mail is being kept has given it away", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.sending();
    door.house.store.holds = true;
    client.send(message + ".\r\n");
    door.house.until([&] { return door.house.store.inserting == 1; });
    client.close();
    door.house.store.release();
    door.house.until([&] { return door.out.tasks.size() == 1; });
    CHECK(door.messages() == 1);
}

// --- order and framing

TEST_CASE("a whole session may come in one segment", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.connect();
    client.send("EHLO client.example\r\nMAIL FROM:<ada@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n" +
                message + ".\r\nMAIL FROM:<>\r\nRCPT TO:<eve@elsewhere.example>\r\nDATA\r\n");
    const std::vector<std::string> codes = {"220 ", "250-", "250 ", "250 ", "354 ", "250 ", "250 ", "550 ", "554 "};
    for (const std::string& code : codes) CHECK_THAT(client.reply(), StartsWith(code));
    CHECK(client.ask("QUIT").starts_with("221 "));
    CHECK(client.reply() == "(closed)");
    CHECK(door.messages() == 1);
}

TEST_CASE("audit 8: the lines of a message whose DATA is refused are no commands", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    client.send(
        "MAIL FROM:<ada@example.net>\r\nRCPT TO:<eve@elsewhere.example>\r\nDATA\r\nRSET\r\n"
        "MAIL FROM:<inner@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n" +
        message + ".\r\n");
    for (const std::string code : {"250 ", "550 ", "421 "}) CHECK_THAT(client.reply(), StartsWith(code));
    CHECK(client.reply() == "(closed)");
    CHECK(door.messages() == 0);
}

TEST_CASE("a command line that never ends is heard for a while and then no more", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    const std::string noise(65536, 'x');
    bool closed = false;
    for (int i = 0; i < 200 && !closed; ++i)
        closed = test::finish(door.house.loop, client.stream().write(noise)).has_error();
    CHECK(closed);
    door.house.until([&] { return door.output.has("event=disconnected"); });
    CHECK(door.output.comes("421 4.7.0 Line without an end"));
}

TEST_CASE("audit 18: content that is refused is read to its end, but not for ever", "[inbound][session]") {
    front_door door;
    door.first().protocol.limits.max_message_size = 5000;
    door.how.most_discarded_content = 100'000;
    door.open();
    const std::string line = std::string(998, 'x') + "\r\n";
    const std::string start = GENERATE("nul \0\r\n"s, "bare \r CR\r\n"s, ""s);
    SECTION("within the budget its client is told why") {
        auto client = door.sending();
        std::string text = start;
        while (text.size() < 90'000) text += line;
        client.send(text + ".\r\n");
        CHECK_THAT(client.reply(), StartsWith("55"));
        CHECK(client.ask("NOOP").starts_with("250 "));
    }
    SECTION("behind it the session ends") {
        auto client = door.sending();
        std::string text = start;
        while (text.size() < 150'000) text += line;
        client.send(text);
        CHECK_THAT(client.reply(), start.empty() ? StartsWith("552 5.3.4 ") : StartsWith("554 5.6.0 "));
        CHECK(client.reply() == "(closed)");
    }
    CHECK(door.messages() == 0);
}

TEST_CASE("audit 17: a line with a bare line feed ends the session, however long it is", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    const std::string text = GENERATE("NOOP"s, "NOOP " + std::string(20'000, 'x'));
    client.send(text + "\nMAIL FROM:<eve@example.net>\r\n");
    CHECK_THAT(client.reply(), StartsWith("500 "));
    CHECK(client.reply() == "(closed)");
}

TEST_CASE("a browser is sent away", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.connect();
    CHECK_THAT(client.reply(), StartsWith("220 "));
    client.send("POST / HTTP/1.1\r\nHost: mx.example.org\r\n\r\nEHLO evil.example\r\nMAIL FROM:<eve@example.net>\r\n");
    CHECK_THAT(client.reply(), StartsWith("421 "));
    CHECK(client.reply() == "(closed)");
}

TEST_CASE("last words are heard by a client that has not stopped talking", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    // Closing a socket with unread input would throw the reply away.
    client.send("NOOP\n" + std::string(300'000, 'x'));
    CHECK_THAT(client.reply(), StartsWith("500 "));
    CHECK(client.reply() == "(closed)");
    door.house.until([&] {
        client.close();
        return door.output.has("event=disconnected");
    });
}

TEST_CASE("a client that does not leave after the last words is left", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    CHECK_THAT(client.ask("QUIT"), StartsWith("221 "));
    CHECK(client.reply() == "(closed)");
    test::settle(door.house.loop);
    CHECK_FALSE(door.output.has("event=disconnected"));
    door.house.clock.advance(5s);
    door.house.until([&] { return door.output.has("event=disconnected"); });
}

// --- time

TEST_CASE("a client that says nothing for too long is told so and left", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    door.house.clock.advance(299s);
    CHECK(client.ask("NOOP").starts_with("250 "));
    door.house.clock.advance(299s);
    CHECK_FALSE(client.hears_something());
    door.house.clock.advance(1s);
    CHECK_THAT(client.reply(), StartsWith("421 4.4.2 "));
    CHECK(client.reply() == "(closed)");
    client.close();
    door.house.until([&] { return door.output.has("reason=timeout"); });
}

TEST_CASE("a client that stops in the middle of content is told so, and its mail is gone", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.sending();
    client.send("Subject: x\r\n");
    door.house.clock.settle();
    door.house.clock.advance(100s);
    client.send("\r\nhalf a mess");
    CHECK_FALSE(client.hears_something());
    door.house.clock.advance(179s);
    CHECK_FALSE(client.hears_something());
    door.house.clock.advance(1s);
    CHECK_THAT(client.reply(), StartsWith("421 4.4.2 "));
    CHECK(client.reply() == "(closed)");
    CHECK(door.messages() == 0);
}

TEST_CASE("a client does not pay for the time that we take", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.sending();
    door.house.store.holds = true;
    client.send(message + ".\r\n");
    door.house.until([&] { return door.house.store.inserting == 1; });
    door.house.clock.advance(24h);
    CHECK_FALSE(client.hears_something());
    door.house.store.release();
    CHECK_THAT(client.reply(), StartsWith("250 "));
}

// --- TLS

TEST_CASE("after STARTTLS the session is encrypted and begins anew", "[inbound][session]") {
    front_door door;
    door.first().tls = door.tls();
    door.first().protocol.tls = smtp::requirement::offered;
    door.open();
    auto client = door.greeted();
    CHECK_THAT(client.ask("STARTTLS"), StartsWith("220 "));
    client.start_tls("mx.example.org");
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("503 "));
    const std::string offered = client.ask("EHLO client.example");
    CHECK(offered.find("STARTTLS") == std::string::npos);
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("DATA"), StartsWith("354 "));
    client.send(message + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
    const std::string text = door.kept(door.house.store.rows.messages.begin()->second);
    CHECK_THAT(text, Contains("with ESMTPS") && Contains("TLSv1.3"));
}

TEST_CASE("what was sent in clear behind STARTTLS is never heard", "[inbound][session]") {
    // CVE-2011-0411
    front_door door;
    door.first().tls = door.tls();
    door.first().protocol.tls = smtp::requirement::offered;
    door.open();
    auto client = door.greeted();
    client.send("STARTTLS\r\nEHLO injected.example\r\nMAIL FROM:<eve@example.net>\r\n");
    CHECK_THAT(client.reply(), StartsWith("220 "));
    client.start_tls("mx.example.org");
    CHECK_FALSE(client.hears_something());
    CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("503 "));
}

TEST_CASE("where TLS comes first, the greeting comes after it", "[inbound][session]") {
    front_door door;
    door.first().tls = door.tls();
    door.first().implicit_tls = true;
    door.open();
    auto client = door.connect();
    CHECK_FALSE(client.hears_something());
    client.start_tls("mx.example.org");
    CHECK(client.reply() == "220 mx.example.org ESMTP waypost");
    CHECK(client.ask("EHLO client.example").find("STARTTLS") == std::string::npos);
}

TEST_CASE("where TLS comes first, a client that speaks in clear hears nothing but the end", "[inbound][session]") {
    front_door door;
    door.first().tls = door.tls();
    door.first().implicit_tls = true;
    door.open();
    auto client = door.connect();
    client.send("EHLO client.example\r\nMAIL FROM:<ada@example.net>\r\n");
    CHECK(client.reply().find("220 ") == std::string::npos);
    door.house.until([&] { return door.output.has("event=tls-failed") && door.output.has("event=disconnected"); });
}

TEST_CASE("a handshake that never comes is not waited for", "[inbound][session]") {
    front_door door;
    door.first().tls = door.tls();
    const bool implicit = GENERATE(true, false);
    door.first().implicit_tls = implicit;
    if (!implicit) door.first().protocol.tls = smtp::requirement::offered;
    door.open();
    auto client = door.connect();
    if (!implicit) {
        CHECK_THAT(client.reply(), StartsWith("220 "));
        CHECK_THAT(client.ask("STARTTLS"), StartsWith("220 "));
    }
    door.house.until([&] { return door.output.has("event=connected"); });
    door.house.clock.settle();
    CHECK_FALSE(client.hears_something());
    door.house.clock.advance(60s);
    door.house.until([&] { return door.output.has("event=tls-failed"); });
    door.house.clock.advance(10s);
    door.house.until([&] { return door.output.has("event=disconnected"); });
    CHECK(door.output.has("reason=\"tls failed\""));
    CHECK_FALSE(door.output.has("event=failed-command"));  // nothing can be said any more
}

// --- authentication

TEST_CASE("a user with the right password may be told apart in the Received field", "[inbound][session]") {
    front_door door;
    door.first().passwords = &door.passwords;
    door.first().protocol.auth = smtp::requirement::required;
    door.first().received_auth = GENERATE(true, false);
    door.open();
    auto client = door.greeted();
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("530 "));
    CHECK_THAT(client.ask(plain("ada", "correct horse")), StartsWith("235 "));
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("DATA"), StartsWith("354 "));
    client.send(message + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
    const std::string text = door.kept(door.house.store.rows.messages.begin()->second);
    CHECK_THAT(text, Contains("with ESMTPA"));
    CHECK((text.find("(Authenticated sender: ada)") != std::string::npos || text.find("ada") != std::string::npos) ==
          door.first().received_auth);
}

TEST_CASE("a wrong password is answered late, and may be followed by a right one", "[inbound][session]") {
    front_door door;
    door.first().passwords = &door.passwords;
    door.first().protocol.auth = smtp::requirement::offered;
    door.open();
    auto client = door.greeted();
    client.send(plain("ada", "wrong") + "\r\n");
    CHECK_FALSE(client.hears_something());
    door.house.clock.advance(499ms);
    CHECK_FALSE(client.hears_something());
    door.house.clock.advance(1ms);
    CHECK_THAT(client.reply(), StartsWith("535 5.7.8 "));
    CHECK_THAT(client.ask(plain("ada", "correct horse")), StartsWith("235 "));
}

TEST_CASE("passwords that cannot be asked are no wrong password", "[inbound][session]") {
    front_door door;
    door.first().protocol.auth = smtp::requirement::offered;
    SECTION("the table is not there now") {
        door.first().passwords = &door.passwords;
        door.passwords.unavailable = true;
    }
    SECTION("there is no table") {}
    door.open();
    auto client = door.greeted();
    CHECK_THAT(client.ask(plain("ada", "correct horse")), StartsWith("454 4.7.0 "));
}

TEST_CASE("audit 15: no password is ever in the log", "[inbound][session]") {
    test::captured_stderr everything;  // the log of the door ends before it
    {
        front_door door;
        door.output.restore();
        door.first().passwords = &door.passwords;
        door.first().protocol.auth = smtp::requirement::offered;
        door.open();
        auto client = door.greeted();
        client.send(plain("ada", "tops3cret") + "\r\n");
        door.house.until([&] {
            door.house.clock.advance(1s);
            return everything.has("permfail");
        });
        CHECK_THAT(client.reply(), StartsWith("535 "));
        CHECK_THAT(client.ask("AUTH LOGIN"), StartsWith("334 "));
        CHECK_THAT(client.ask(base::base64_encode("ada")), StartsWith("334 "));
        client.send(base::base64_encode("tops3cret") + "\r\n");
        door.house.until([&] {  // the pause begins when the worker has judged the password, whenever that is
            door.house.clock.advance(10ms);
            return client.hears_something();
        });
        CHECK_THAT(client.reply(), StartsWith("535 "));
        CHECK_THAT(client.ask("AUTH PLAIN"), StartsWith("334 "));
        CHECK_THAT(client.ask("not base64: tops3cret"), StartsWith("501 "));
        CHECK_THAT(client.ask("AUTH PLAIN not base64: tops3cret"), StartsWith("501 "));
        // audit 15: a client that does not wait for the refusal sends them all the same
        CHECK_THAT(client.ask("AUTH CRAM-MD5"), StartsWith("504 "));
        CHECK_THAT(client.ask("tops3cret"), StartsWith("500 "));
        CHECK_THAT(client.ask(base::base64_encode("tops3cret")), StartsWith("500 "));
        CHECK_THAT(client.ask(" " + plain("ada", "tops3cret")), StartsWith("500 "));
        CHECK_THAT(client.ask("AUTH " + base::base64_encode("tops3cret")), StartsWith("504 "));
        CHECK_THAT(client.ask("NOOP tops3cret"), StartsWith("250 "));
        CHECK_THAT(client.ask("RSET tops3cret"), StartsWith("501 "));
    }
    everything.restore();
    CHECK(everything.has("event=failed-command"));
    CHECK_FALSE(everything.has("tops3cret"));
    CHECK_FALSE(everything.has(base::base64_encode("tops3cret")));
    CHECK_FALSE(everything.has(base::base64_encode("\0ada\0tops3cret"s)));
}

// --- what is said of the client

TEST_CASE("a listener may hide where its clients are", "[inbound][session]") {
    front_door door;
    door.first().mask_source = true;
    door.open();
    auto client = door.sending();
    client.send(message + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
    const std::string text = door.kept(door.house.store.rows.messages.begin()->second);
    CHECK(text.find("127.0.0.1") == std::string::npos);
    CHECK(text.find("client.example") == std::string::npos);
}

TEST_CASE("the name that a client gives itself cannot write header lines or log lines", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.connect();
    CHECK_THAT(client.reply(), StartsWith("220 "));
    CHECK_THAT(client.ask("EHLO a)(b [c] \"d\" \\ event=forged \xff"), StartsWith("250"));
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("DATA"), StartsWith("354 "));
    client.send(message + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
    const std::string text = door.kept(door.house.store.rows.messages.begin()->second);
    CHECK(text.starts_with("Received: from "));
    CHECK(text.find("\r\n\r\n") == text.find("Subject: x") + 10);
    CHECK_FALSE(door.output.has(" event=forged"));
}

TEST_CASE("programs on this machine come by a Unix socket and have no address", "[inbound][session]") {
    front_door door;
    door.how.listeners.front().endpoint.reset();
    door.how.socket_path = door.directory / "smtp.sock";
    door.open();
    CHECK(door.server->endpoints().empty());
    auto stream = test::finish(door.house.loop, net::connect_unix(door.how.socket_path, door.real, test::patience));
    REQUIRE(stream.has_value());
    smtp_client client(door.house.loop, std::move(*stream));
    CHECK_THAT(client.reply(), StartsWith("220 "));
    CHECK_THAT(client.ask("EHLO localhost"), StartsWith("250"));
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("DATA"), StartsWith("354 "));
    client.send(message + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
    const std::string text = door.kept(door.house.store.rows.messages.begin()->second);
    CHECK(text.find("Received: from") == std::string::npos);
    CHECK_THAT(text, Contains("(waypost, from userid " + std::to_string(::geteuid()) + ") with"));
    CHECK(door.dns.questions.empty());
}

// --- the header section

namespace {

const std::string incomplete = "Bcc: secret@example.org\r\nSubject: x\r\n\r\nbody\r\n";

/// What is kept of a message, without our trace field.
std::string untraced(front_door& door, smtp_client& client, const std::string& text) {
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("DATA"), StartsWith("354 "));
    client.send(text + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
    const std::string kept = door.kept(door.house.store.rows.messages.begin()->second);
    return kept.substr(kept.find("+0000\r\n") + 7);
}

}  // namespace

TEST_CASE("audit 28: mail of a client that has logged in is completed, and its Bcc is nobody's to see",
          "[inbound][session]") {
    front_door door;
    door.first().passwords = &door.passwords;
    door.first().protocol.auth = smtp::requirement::offered;
    door.open();
    auto client = door.greeted();
    CHECK_THAT(client.ask(plain("ada", "correct horse")), StartsWith("235 "));
    const std::string kept = untraced(door, client, incomplete);
    CHECK(kept.find("secret") == std::string::npos);
    CHECK(kept.find("From:") == std::string::npos);
    CHECK_THAT(kept, StartsWith("Subject: x\r\nDate: ") && Contains("\r\nMessage-ID: <") &&
                         Contains("@mx.example.org>\r\n\r\nbody\r\n"));
}

TEST_CASE("audit 28: mail of programs on this machine gets a From field too", "[inbound][session]") {
    front_door door;
    door.first().endpoint.reset();
    door.how.socket_path = door.directory / "smtp.sock";
    door.open();
    auto stream = test::finish(door.house.loop, net::connect_unix(door.how.socket_path, door.real, test::patience));
    REQUIRE(stream.has_value());
    smtp_client client(door.house.loop, std::move(*stream));
    CHECK_THAT(client.reply(), StartsWith("220 "));
    CHECK_THAT(client.ask("EHLO localhost"), StartsWith("250"));
    const std::string kept = untraced(door, client, incomplete);
    CHECK(kept.find("secret") == std::string::npos);
    CHECK_THAT(kept, StartsWith("Subject: x\r\nFrom: <ada@example.net>\r\nDate: ") && Contains("\r\nMessage-ID: <") &&
                         Contains("@mx.example.org>\r\n\r\nbody\r\n"));
}

TEST_CASE("audit 28: mail of others is relayed as it is", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    CHECK(untraced(door, client, incomplete) == incomplete);
}

TEST_CASE("audit 28: a first line that begins with a blank does not become part of our Received field",
          "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    const std::string text = " (forged) from elsewhere\r\nSubject: x\r\n\r\nbody\r\n";
    CHECK(untraced(door, client, text) == "\r\n" + text);
}

// --- what sessions may cost

TEST_CASE("audit 9: a recipient that is named again gets one copy", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    for (int i = 0; i < 3; ++i) CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<bob@EXAMPLE.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<eve@example.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("DATA"), StartsWith("354 "));
    client.send(message + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
    CHECK(door.house.store.rows.envelopes.size() == 2);
}

TEST_CASE("audit 9: a message has so many envelopes and no more", "[inbound][session]") {
    front_door door;
    door.how.max_envelopes = 2;
    door.open();
    auto client = door.greeted();
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<eve@example.org>"), StartsWith("250 "));
    CHECK_THAT(client.ask("RCPT TO:<fay@example.org>"), StartsWith("452 4.5.3 "));
    CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));  // nothing new
    CHECK_THAT(client.ask("DATA"), StartsWith("354 "));
    client.send(message + ".\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
    CHECK(door.house.store.rows.envelopes.size() == 2);
}

TEST_CASE("audit 9: the open transactions of all sessions have a limit on envelopes together", "[inbound][session]") {
    front_door door;
    door.how.envelopes_in_sessions = 1;
    door.open();
    auto one = door.greeted();
    CHECK_THAT(one.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    CHECK_THAT(one.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
    auto two = door.greeted();
    CHECK_THAT(two.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    CHECK_THAT(two.ask("RCPT TO:<bob@example.org>"), StartsWith("452 4.3.1 "));
    CHECK_THAT(one.ask("RSET"), StartsWith("250 "));
    CHECK_THAT(two.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
}

TEST_CASE("a list that no message can be sent to is refused for good", "[inbound][session]") {
    front_door door;
    door.how.max_envelopes = 0;
    door.open();
    auto client = door.greeted();
    CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    const std::string reply = client.ask("RCPT TO:<bob@example.org>");
    CHECK_THAT(reply, StartsWith("550 5.3.4 "));
    CHECK_THAT(reply, Contains("more than 0 recipients"));
    door.house.until([&] { return door.output.has("event=list-too-long"); });
}

TEST_CASE("a client has an eighth of the envelopes of all open transactions", "[inbound][session]") {
    front_door door;
    door.how.max_envelopes = 2;
    door.how.envelopes_in_sessions = 24;
    door.open();
    std::vector<test::smtp_client> clients;
    const auto add_one = [&] {
        clients.push_back(door.greeted());
        CHECK_THAT(clients.back().ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
        return clients.back().ask("RCPT TO:<bob@example.org>");
    };
    for (int i = 0; i < 3; ++i) CHECK_THAT(add_one(), StartsWith("250 "));
    CHECK_THAT(add_one(), StartsWith("452 4.3.1 "));
    CHECK_THAT(clients.front().ask("RSET"), StartsWith("250 "));
    CHECK_THAT(clients.back().ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
}

TEST_CASE("audit 10: a byte every two minutes does not keep a session", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.sending();
    int minutes = 0;
    while (!client.hears_something() && minutes < 60) {
        client.send("x");
        door.house.clock.settle();
        for (int i = 0; i < 2; ++i, ++minutes) door.house.clock.advance(1min);
    }
    CHECK(minutes <= 12);
    CHECK_THAT(client.reply(), StartsWith("421 4.4.2 "));
}

TEST_CASE("audit 10: content that is slow and gets somewhere may take its time", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.sending();
    const std::string line = std::string(78, 'x') + "\r\n";
    for (int minutes = 0; minutes < 40; ++minutes) {
        for (int i = 0; i < 60 * 256 / 80; ++i) client.send(line);
        CHECK_FALSE(client.hears_something());
        door.house.clock.advance(1min);
    }
    client.send(".\r\n");
    CHECK_THAT(client.reply(), StartsWith("250 "));
}

TEST_CASE("audit 10: commands that bring no mail do not keep a session", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    std::string reply;
    int minutes = 0;
    for (; minutes < 120; minutes += 4) {
        reply = client.ask("NOOP");
        if (!reply.starts_with("250 ")) break;
        door.house.clock.settle();
        door.house.clock.advance(4min);
    }
    CHECK(minutes <= 64);
    CHECK_THAT(reply, StartsWith("421 4.4.2 "));
}

TEST_CASE("audit 10: a message that is accepted is progress", "[inbound][session]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    for (int minutes = 0; minutes < 120; minutes += 4) {
        CHECK_THAT(client.ask("NOOP"), StartsWith("250 "));
        if (minutes % 40 == 0) {
            CHECK_THAT(client.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
            CHECK_THAT(client.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
            CHECK_THAT(client.ask("DATA"), StartsWith("354 "));
            client.send(message + ".\r\n");
            CHECK_THAT(client.reply(), StartsWith("250 "));
        }
        door.house.clock.settle();
        door.house.clock.advance(4min);
    }
}

TEST_CASE("audit 16: a login is checked while all other work off the loop stands still", "[inbound][session]") {
    front_door door;
    door.first().passwords = &door.passwords;
    door.first().protocol.auth = smtp::requirement::offered;
    door.open();
    struct blockage {
        std::promise<void> over;
        std::shared_future<void> end = over.get_future().share();
        ~blockage() { over.set_value(); }
    } stuck;
    for (int i = 0; i < 2; ++i) boost::asio::post(door.house.io.pool(), [end = stuck.end] { end.wait(); });
    CHECK_THAT(door.greeted().ask(plain("ada", "correct horse")), StartsWith("235 "));
}
