#include "waypost/smtp_io/client_connection.hpp"

#include <catch2/catch.hpp>

#include "support/scripted_server.hpp"
#include "support/text_source.hpp"
#include "support/virtual_clock.hpp"
#include "waypost/async/run_with.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using test::finish;
using test::scripted_server;

namespace {

struct fixture {
    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    async::real_clock real;
    scripted_server server{loop};
    std::unique_ptr<smtp_io::client_connection> with;
    async::task_group side_tasks{loop.get_executor()};

    explicit fixture(smtp::client_settings settings = {.helo = "mx.example.org", .tls = smtp::client_tls::never}) {
        const auto port = static_cast<std::uint16_t>(std::stoi(server.port()));
        auto stream = finish(loop, net::connect_tcp(test::loopback(port), std::nullopt, real, test::patience));
        with = std::make_unique<smtp_io::client_connection>(loop.get_executor(), std::move(stream.value()), clock,
                                                            settings, "test.example", 180s);
        side_tasks.start(with->keep_time());
    }
    ~fixture() {
        finish(loop, side_tasks.stop());
        with->close();
    }

    /// To be used where the pump ends by itself.
    smtp::client_step pump() {
        std::optional<smtp::client_step> got;
        start(got);
        test::run_until(loop, [&] { return got.has_value(); });
        return *got;
    }
    void start(std::optional<smtp::client_step>& into) {
        const auto run = [](smtp_io::client_connection& on,
                            std::optional<smtp::client_step>& got) -> async::awaitable<> { got = co_await on.pump(); };
        side_tasks.start(run(*with, into));
    }
    void begin(std::shared_ptr<const net::byte_source> content,
               std::vector<std::string> recipients = {"bob@example.org"}) {
        smtp::client_transaction what{.sender = {.address = mail::reverse_path::from_text("ada@example.net").value()},
                                      .recipients = {},
                                      .size = content->size(),
                                      .eight_bit = false};
        for (const std::string& each : recipients)
            what.recipients.push_back({.address = mail::mailbox::parse(each).value(), .notify = {}, .original = {}});
        with->begin(std::move(what), std::move(content));
    }
    static std::shared_ptr<const net::byte_source> text(std::string body, std::string trace = "Received: here\r\n") {
        return std::make_shared<const test::text_source>(std::move(trace), std::move(body));
    }
    mail::status failure() {
        const auto pause = pump();
        REQUIRE(std::holds_alternative<smtp::session_failed>(pause));
        return std::get<smtp::session_failed>(pause).status;
    }
    /// Of the oldest mail that a failure cut short.
    bool content_sent() const { return with->protocol().unfinished().at(0).content_sent; }
    std::vector<mail::status> outcome() {
        const auto pause = pump();
        REQUIRE(std::holds_alternative<smtp::transaction_done>(pause));
        return std::get<smtp::transaction_done>(pause).statuses;
    }
};

}  // namespace

TEST_CASE("a conversation opens, carries transactions and ends", "[smtp_io][client_connection]") {
    fixture f;
    REQUIRE(std::holds_alternative<smtp::idle>(f.pump()));
    for (int i = 0; i < 3; ++i) {
        f.begin(fixture::text("Subject: x\r\n\r\nbody\r\n"));
        const auto said = f.outcome();
        REQUIRE(said.size() == 1);
        CHECK(said[0].is_success());
    }
    f.with->protocol().quit();
    CHECK(std::holds_alternative<smtp::session_over>(f.pump()));
    REQUIRE(f.server.mails.size() == 3);
    CHECK(f.server.mails[2].content == "Received: here\r\nSubject: x\r\n\r\nbody\r\n");
    CHECK(f.server.heard("EHLO mx.example.org"));
}

TEST_CASE("content arrives as it is, wherever it lies and whatever its lines begin with",
          "[smtp_io][client_connection]") {
    fixture f;
    REQUIRE(std::holds_alternative<smtp::idle>(f.pump()));
    const std::string body =
        GENERATE(std::string("plain\r\n"), std::string(".\r\n"), std::string(".\r\n..\r\n...\r\n.x\r\n"),
                 std::string("\r\n.\r\n\r\n"), std::string(),
                 std::string("a\r\n") + std::string(200'000, 'x') + "\r\n.\r\nend\r\n");
    SECTION("in memory") {
        f.begin(fixture::text(body));
        CHECK(f.outcome().at(0).is_success());
        REQUIRE(f.server.mails.size() == 1);
        CHECK((f.server.mails[0].content == "Received: here\r\n" + body));
    }
    SECTION("in pieces") {
        f.begin(test::text_source::in_pieces("Received: here\r\n", body, body.size()));
        CHECK(f.outcome().at(0).is_success());
        REQUIRE(f.server.mails.size() == 1);
        CHECK((f.server.mails[0].content == "Received: here\r\n" + body));
    }
}

TEST_CASE("content that does not end in a line end gets one", "[smtp_io][client_connection]") {
    fixture f;
    REQUIRE(std::holds_alternative<smtp::idle>(f.pump()));
    f.begin(fixture::text("no end"));
    CHECK(f.outcome().at(0).is_success());
    CHECK(f.server.mails.at(0).content == "Received: here\r\nno end\r\n");
}

TEST_CASE("content with bare line ends never leaves as such", "[smtp_io][client_connection]") {
    // What a damaged queue could hold must not smuggle anything.
    fixture f;
    REQUIRE(std::holds_alternative<smtp::idle>(f.pump()));
    f.begin(fixture::text("a\n.\nMAIL FROM:<eve@example.net>\r.\rb\r\n"));
    CHECK(f.outcome().at(0).is_success());
    REQUIRE(f.server.mails.size() == 1);
    CHECK(f.server.mails[0].content == "Received: here\r\na\r\n.\r\nMAIL FROM:<eve@example.net>\r\n.\r\nb\r\n");
}

TEST_CASE("content that cannot be read to its end never looks whole", "[smtp_io][client_connection]") {
    fixture f;
    REQUIRE(std::holds_alternative<smtp::idle>(f.pump()));
    f.begin(test::text_source::in_pieces("Received: here\r\n", std::string(100'000, 'x') + "\r\n", 200'000));
    CHECK(f.failure().is_transient());
    f.with->close();
    test::run_until(f.loop, [&] { return f.server.present == 0; });
    CHECK(f.server.mails.empty());
    CHECK_FALSE(f.server.heard("."));
}

TEST_CASE("what each recipient was told comes back in their order", "[smtp_io][client_connection]") {
    fixture f;
    f.server.answer = [](const std::string& command, int) -> std::optional<std::string> {
        if (command.starts_with("RCPT TO:<no@")) return "550 5.1.1 no such user";
        if (command.starts_with("RCPT TO:<later@")) return "450 4.2.1 busy";
        return std::nullopt;
    };
    REQUIRE(std::holds_alternative<smtp::idle>(f.pump()));
    f.begin(fixture::text("x\r\n"), {"yes@example.org", "no@example.org", "later@example.org", "also@example.org"});
    const auto said = f.outcome();
    REQUIRE(said.size() == 4);
    CHECK(said[0].line() == "250 2.0.0 kept");
    CHECK(said[1].line() == "550 5.1.1 no such user");
    CHECK(said[2].line() == "450 4.2.1 busy");
    CHECK(said[3].is_success());
}

// --- several mails at a time

TEST_CASE("mails overlap, and each is told what became of it", "[smtp_io][client_connection]") {
    fixture f;
    f.server.offers =
        GENERATE(std::vector<std::string>{"PIPELINING"}, std::vector<std::string>{"PIPELINING", "CHUNKING"});
    f.server.answer = [](const std::string& command, int) -> std::optional<std::string> {
        if (command == "RCPT TO:<no@example.org>") return "550 5.1.1 no such user";
        return std::nullopt;
    };
    REQUIRE(std::holds_alternative<smtp::idle>(f.pump()));
    std::vector<std::string> told;
    int begun = 0;
    const std::vector<std::string> bodies = {"first\r\n", ".dots\r\n..\r\n", "bare\nends", "", "last\r\n"};
    while (told.size() < 5) {
        for (; begun < 5 && f.with->protocol().has_room(); ++begun) {
            f.begin(fixture::text(bodies[static_cast<std::size_t>(begun)]),
                    {begun == 3 ? "no@example.org" : "yes@example.org"});
        }
        told.push_back(f.outcome().at(0).line());
    }
    const std::string kept = "250 2.0.0 kept";
    CHECK(told == std::vector<std::string>{kept, kept, kept, "550 5.1.1 no such user", kept});
    REQUIRE(f.server.mails.size() == 4);
    CHECK(f.server.mails[0].content == "Received: here\r\nfirst\r\n");
    CHECK(f.server.mails[1].content == "Received: here\r\n.dots\r\n..\r\n");
    CHECK(f.server.mails[2].content == "Received: here\r\nbare\r\nends\r\n");
    CHECK(f.server.mails[3].content == "Received: here\r\nlast\r\n");
    const bool chunks = f.server.offers.size() == 2;
    const auto is_chunk = [](const std::string& command) { return command.starts_with("BDAT "); };
    CHECK(std::ranges::count_if(f.server.commands, is_chunk) == (chunks ? 4 : 0));
}

TEST_CASE("content goes by BDAT only where its lines are whole", "[smtp_io][client_connection]") {
    fixture f;
    f.server.offers = {"PIPELINING", "CHUNKING"};
    REQUIRE(std::holds_alternative<smtp::idle>(f.pump()));
    const auto [body, by_chunk] =
        GENERATE(std::pair<std::string, bool>{"a\r\n.\r\n", true}, std::pair<std::string, bool>{"", true},
                 std::pair<std::string, bool>{"no end", false}, std::pair<std::string, bool>{"a\n.\r\n", false},
                 std::pair<std::string, bool>{"a\r\n\r", false});
    f.begin(fixture::text(body));
    CHECK(f.outcome().at(0).is_success());
    CHECK(f.server.heard("DATA") == !by_chunk);
}

TEST_CASE("a host that closes in the middle of a flight is heard to its last word", "[smtp_io][client_connection]") {
    fixture f;
    f.server.offers = {"PIPELINING", "CHUNKING"};
    // More than any socket's buffer, so that the write fails before all is out.
    const std::string large(3U << 20, 'x');
    int kept = 0;
    f.server.answer = [&kept](const std::string& command, int) -> std::optional<std::string> {
        if (command.starts_with("BDAT") && ++kept == 2) return "250 2.0.0 kept\r\n421 4.3.2 going down";
        if (kept == 2) return std::string(scripted_server::close);
        return std::nullopt;
    };
    REQUIRE(std::holds_alternative<smtp::idle>(f.pump()));
    f.begin(fixture::text("first\r\n"));
    f.begin(fixture::text("second\r\n"));
    f.begin(fixture::text(large + "\r\n"));
    CHECK(f.outcome().at(0).is_success());
    CHECK(f.outcome().at(0).is_success());
    CHECK(f.failure().line() == "421 4.3.2 going down");
    CHECK_FALSE(f.content_sent());
}

TEST_CASE("a peer that does not answer in time is given up", "[smtp_io][client_connection]") {
    fixture f;
    const auto [silent_at, limit] = GENERATE(std::pair<std::string, std::chrono::seconds>{"(greeting)", 300s},
                                             std::pair<std::string, std::chrono::seconds>{"EHLO mx.example.org", 300s});
    f.server.answer = [at = silent_at](const std::string& command, int) -> std::optional<std::string> {
        if (command == at) return std::string(scripted_server::hold);
        return std::nullopt;
    };
    std::optional<smtp::client_step> got;
    f.start(got);
    test::run_until(f.loop, [&] { return f.server.holding == 1; });
    test::settle(f.loop);
    f.clock.advance(limit - 1s);
    CHECK_FALSE(got);
    f.clock.advance(1s);
    test::run_until(f.loop, [&] { return got.has_value(); });
    REQUIRE(std::holds_alternative<smtp::session_failed>(*got));
    const auto said = std::get<smtp::session_failed>(*got).status;
    CHECK(said.enhanced() == mail::enhanced_code{4, 4, 2});
    CHECK_THAT(said.text(), Contains("test.example"));
}

TEST_CASE("a reply that comes line by line, each just in time, is still too late", "[smtp_io][client_connection]") {
    fixture f;
    f.server.answer = [](const std::string& command, int) -> std::optional<std::string> {
        if (!command.starts_with("EHLO")) return std::nullopt;
        std::string slow;
        for (int i = 0; i < 20; ++i) slow += "250-line\r\n(hold)";
        return slow + "250 last";
    };
    std::optional<smtp::client_step> got;
    f.start(got);
    for (int minutes = 0; minutes < 5; ++minutes) {
        CHECK_FALSE(got);
        test::run_until(f.loop, [&] { return f.server.holding == 1; });
        test::settle(f.loop);
        f.clock.advance(60s);
        f.server.release();
    }
    test::run_until(f.loop, [&] { return got.has_value(); });
    CHECK(std::holds_alternative<smtp::session_failed>(*got));
}

TEST_CASE("a peer that does not take what we write is given up", "[smtp_io][client_connection]") {
    fixture f;
    f.server.answer = [](const std::string& command, int) -> std::optional<std::string> {
        if (command == "(content)") return std::string(scripted_server::hold);
        return std::nullopt;
    };
    f.server.offers = {"PIPELINING"};
    REQUIRE(std::holds_alternative<smtp::idle>(f.pump()));
    f.begin(fixture::text(std::string(24U << 20, 'x') + "\r\n"));
    std::optional<smtp::client_step> got;
    f.start(got);
    test::run_until(f.loop, [&] { return f.server.holding == 1; });
    test::settle(f.loop);
    f.clock.advance(179s);
    CHECK_FALSE(got);
    f.clock.advance(1s);
    test::run_until(f.loop, [&] { return got.has_value(); });
    REQUIRE(std::holds_alternative<smtp::session_failed>(*got));
    CHECK(std::get<smtp::session_failed>(*got).status.enhanced() == mail::enhanced_code{4, 4, 2});
    CHECK(f.content_sent());
}

TEST_CASE("replies that are none end the session", "[smtp_io][client_connection]") {
    fixture f;
    const std::string garbage = GENERATE(
        std::string("HTTP/1.1 200 OK"), std::string("2x0 hello"), std::string("99 short"), std::string("999 too big"),
        std::string("220-first\r\n550 other code"), std::string(""), std::string("\x16\x03\x01"),
        std::string(100'000, 'x'), std::string(5000, '2'), std::string("220 a\nb"));
    f.server.answer = [&garbage](const std::string& command, int) -> std::optional<std::string> {
        if (command == "(greeting)") return garbage;
        return std::nullopt;
    };
    const auto said = f.failure();
    CHECK(said.is_transient());
    for (const char c : said.text()) CHECK((c >= ' ' && c < 0x7f));
}

TEST_CASE("a reply with lines without end ends the session", "[smtp_io][client_connection]") {
    fixture f;
    std::string endless;
    for (int i = 0; i < 100'000; ++i) endless += "220-more\r\n";
    f.server.answer = [&endless](const std::string& command, int) -> std::optional<std::string> {
        if (command == "(greeting)") return endless + "220 done";
        return std::nullopt;
    };
    CHECK(f.failure().is_transient());
}

TEST_CASE("a reply line without end ends the session before its time limit", "[smtp_io][client_connection]") {
    fixture f;
    f.server.answer = [](const std::string& command, int) -> std::optional<std::string> {
        if (command == "(greeting)") return "220 " + std::string(1'000'000, 'x');
        return std::nullopt;
    };
    CHECK(f.failure().is_transient());
}

TEST_CASE("a connection that is lost says so, and whether content was out", "[smtp_io][client_connection]") {
    fixture f;
    const std::string lost_at = GENERATE("MAIL", "RCPT", "DATA", "(content)", ".");
    f.server.answer = [&lost_at](const std::string& command, int) -> std::optional<std::string> {
        if (command.starts_with(lost_at)) return std::string(scripted_server::close);
        return std::nullopt;
    };
    f.server.offers.clear();  // one command after the other
    REQUIRE(std::holds_alternative<smtp::idle>(f.pump()));
    f.begin(fixture::text(std::string(100, 'x') + "\r\n"));
    const auto said = f.failure();
    CHECK(said.is_transient());
    CHECK_THAT(said.text(), Contains("test.example"));
    CHECK(f.content_sent() == (lost_at == "(content)" || lost_at == "."));
}

TEST_CASE("a server that says good-bye in the middle is heard", "[smtp_io][client_connection]") {
    fixture f;
    f.server.answer = [](const std::string& command, int) -> std::optional<std::string> {
        if (command.starts_with("MAIL")) return "421 4.3.2 going down";
        return std::nullopt;
    };
    REQUIRE(std::holds_alternative<smtp::idle>(f.pump()));
    f.begin(fixture::text("x\r\n"));
    CHECK(f.failure().line() == "421 4.3.2 going down");
    CHECK_FALSE(f.content_sent());
}

TEST_CASE("an LMTP server has a word for each recipient after the content", "[smtp_io][client_connection]") {
    fixture f({.helo = "mx.example.org", .lmtp = true, .tls = smtp::client_tls::never});
    f.server.lmtp = true;
    f.server.answer = [](const std::string& command, int) -> std::optional<std::string> {
        if (command.starts_with(". <full@")) return "452 4.2.2 mailbox full";
        return std::nullopt;
    };
    REQUIRE(std::holds_alternative<smtp::idle>(f.pump()));
    f.begin(fixture::text("x\r\n"), {"a@example.org", "full@example.org", "b@example.org"});
    const auto said = f.outcome();
    REQUIRE(said.size() == 3);
    CHECK(said[0].is_success());
    CHECK(said[1].line() == "452 4.2.2 mailbox full");
    CHECK(said[2].is_success());
    CHECK(f.server.heard("LHLO mx.example.org"));
}
