#include "waypost/relay/engine.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "relay_house.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using test::finish;
using test::relay_house;
using test::scripted_server;

namespace {

using strings = std::vector<std::string>;
using answer = std::optional<std::string>;

const std::string hang_up(scripted_server::close);
const std::string hold(scripted_server::hold);

/// Answers so to commands that begin so.
scripted_server::script when(const std::string& begins, const std::string& reply) {
    return [begins, reply](const std::string& command, int) -> answer {
        return command.starts_with(begins) ? answer(reply) : std::nullopt;
    };
}

strings addresses(std::size_t number) {
    strings all;
    for (std::size_t i = 0; i < number; ++i) all.push_back("r" + std::to_string(i) + "@example.net");
    return all;
}

}  // namespace

// --- one mail

TEST_CASE("a mail is carried to the relay and is done with", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    f.send({"bob@example.net", "eve@example.net"});
    f.until_done(2);
    REQUIRE(server.mails.size() == 1);
    CHECK(server.mails[0].sender.starts_with("<ada@example.org>"));
    CHECK(server.mails[0].recipients == strings{"<bob@example.net>", "<eve@example.net>"});
    CHECK(server.mails[0].content == "Subject: x\r\n\r\nbody\r\n");
    CHECK(server.heard("EHLO mx.example.org"));
    CHECK(f.house.store.rows.messages.empty());
    CHECK(f.house.reports.tasks.empty());
}

TEST_CASE("each recipient has his own outcome", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    server.answer = [](const std::string& command, int) -> answer {
        if (command.starts_with("RCPT TO:<no@")) return "550 5.1.1 no such user";
        if (command.starts_with("RCPT TO:<later@")) return "450 4.2.1 busy";
        return std::nullopt;
    };
    f.send({"yes@example.net", "no@example.net", "later@example.net"});
    f.until([&] { return f.house.defer() == 1 && f.house.remove() == 1; });
    CHECK(f.house.last_delay().line() == "450 4.2.1 busy");
    f.house.clock.advance(5s);
    f.until_done(2, 1);
    REQUIRE(f.house.reports.tasks.size() == 1);
    CHECK_THAT(f.house.report_texts()[0], Contains("no@example.net") && Contains("5.1.1"));
    CHECK_THAT(f.house.report_texts()[0], !Contains("later@example.net") && !Contains("yes@example.net"));
    CHECK(server.all_recipients() == strings{"<yes@example.net>"});
}

TEST_CASE("a refusal of the whole mail is each recipient's", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    SECTION("for good") {
        server.answer = when(GENERATE("MAIL", "DATA", "."), "554 5.7.1 not here");
        f.send(addresses(3));
        f.house.clock.settle();
        f.until([&] {
            f.house.clock.advance(1s);
            return f.house.remove() == 3;
        });
        CHECK(f.house.reports.tasks.size() == 1);
    }
    SECTION("for now") {
        server.answer = when(GENERATE("MAIL", "DATA", "."), "452 4.3.1 full");
        f.send(addresses(3));
        f.until_done(0, 3);
    }
}

TEST_CASE("who is asked to speak in another name does so", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    f.action().helo = "other.example";
    f.send();
    f.until_done(1);
    CHECK(server.heard("EHLO other.example"));
}

TEST_CASE("the action may change the sender", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    using pair = std::pair<std::string, std::string>;
    const auto [pattern, expected] =
        GENERATE(pair{"list@example.com", "<list@example.com>"}, pair{"@example.com", "<ada@example.com>"},
                 pair{"list", "<list@example.org>"});
    f.action().mail_from = pattern;
    f.send();
    f.until_done(1);
    CHECK(server.mails.at(0).sender.starts_with(expected));
    SECTION("but never that of a report") {
        f.house.send("", {test::mail_house::envelope("out", "bob@example.net")});
        f.until_done(2);
        CHECK(server.mails.at(1).sender.starts_with("<>"));
    }
}

TEST_CASE("two actions never share a connection", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    auto other = f.action();
    other.name = "other";
    other.credentials = nullptr;  // its URL has no label
    f.how.actions.emplace("other", other);
    f.send();
    f.until_done(1);
    f.house.send("ada@example.org", {test::mail_house::envelope("other", "bob@example.net")});
    f.until_done(2);
    CHECK(server.connections == 2);
}

// --- connections that are used again

TEST_CASE("an idle session takes the next mail, and no other is opened", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    for (std::size_t i = 1; i <= 10; ++i) {
        f.send();
        f.until_done(i);
    }
    CHECK(server.connections == 1);
    CHECK(server.mails.size() == 10);
}

TEST_CASE("an idle session leaves after its keepalive", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    f.send();
    f.until_done(1);
    f.house.clock.advance(9s);
    test::settle(f.house.loop);
    CHECK(server.present == 1);
    f.house.clock.advance(2s);
    f.until([&] { return server.present == 0; });
    CHECK(server.heard("QUIT"));
    SECTION("and the next mail has a new one") {
        f.send();
        f.until_done(2);
        CHECK(server.connections == 2);
    }
    SECTION("and nothing is left that ticks") {
        f.house.clock.advance(60s);
        CHECK(f.house.clock.sleepers() == 0);
    }
}

TEST_CASE("mail keeps a session from leaving", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    for (std::size_t i = 1; i <= 5; ++i) {
        f.send();
        f.until_done(i);
        f.house.clock.advance(8s);
    }
    CHECK(server.connections == 1);
}

TEST_CASE("a session that has carried its share is renewed", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    f.how.limits.general.messages = 2;
    for (std::size_t i = 1; i <= 5; ++i) {
        f.send();
        f.until_done(i);
    }
    CHECK(server.connections == 3);
    for (const auto& each : server.mails) CHECK(each.connection <= 3);
}

TEST_CASE("a session that the host closed while it was idle costs its next mail no delay", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    const std::string parting = GENERATE(values<std::string>({hang_up, "421 4.4.2 timeout"}));
    server.answer = [&parting](const std::string& command, int connection) -> answer {
        if (connection == 1 && command.starts_with("MAIL FROM:<again@")) return parting;
        return std::nullopt;
    };
    f.send();
    f.until_done(1);
    f.house.send("again@example.org", {test::mail_house::envelope("out", "bob@example.net")});
    f.until_done(2);
    CHECK(server.connections == 2);
    CHECK(server.mails.size() == 2);
}

TEST_CASE("a mail that one idle session could not carry is carried by another at once", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    f.how.limits.general.per_relay = 2;
    server.offers.clear();  // so that one session does not take both
    server.answer = when(".", hold + "250 2.0.0 kept");
    for (int i = 0; i < 2; ++i) f.send();
    f.until([&] { return server.holding == 2; });
    server.release();
    f.until_done(2);
    REQUIRE(server.present == 2);
    bool closed_one = false;
    server.answer = [&closed_one](const std::string& command, int) -> answer {
        if (command.starts_with("MAIL") && !std::exchange(closed_one, true)) return hang_up;
        return std::nullopt;
    };
    f.send();
    f.until_done(3);
    CHECK(closed_one);
}

TEST_CASE("a host that closes every connection delays a mail and does not keep us busy", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    server.answer = when("MAIL", GENERATE(values<std::string>({hang_up, "421 4.3.2 no"})));
    f.send();
    f.until_done(0, 1);
    CHECK(server.connections <= 3);
}

// --- what is lost on the way

TEST_CASE("a connection that is lost before the content is a delay, and so is one that is lost after it",
          "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    const std::string where = GENERATE("MAIL", "RCPT", "DATA", "(content)", ".");
    server.answer = when(where, hang_up);
    server.offers.clear();
    f.send();
    f.until_done(0, 1);
    CHECK(f.house.last_delay().is_transient());
    CHECK_THAT(f.house.last_delay().text(), Contains("relay.example"));
}

TEST_CASE("a recipient who was refused for good stays so when the connection is lost", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    server.answer = [](const std::string& command, int) -> answer {
        if (command.starts_with("RCPT TO:<no@")) return "550 5.1.1 no such user";
        if (command == ".") return hang_up;
        return std::nullopt;
    };
    f.send({"no@example.net", "yes@example.net"});
    f.until([&] { return f.house.defer() == 1; });
    f.house.clock.advance(5s);
    f.until_done(1, 1);
    CHECK(f.house.reports.tasks.size() == 1);
}

TEST_CASE("a session's good-bye after the content is heard is no word about the next mail", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    server.answer = [](const std::string& command, int connection) -> answer {
        if (connection == 1 && command == ".") return "250 2.0.0 kept\r\n421 4.3.2 going down";
        return std::nullopt;
    };
    f.send();
    f.until_done(1);
    f.send();
    f.until([&] {
        f.house.clock.advance(1s);  // who says that he goes down is left in peace for a moment
        return f.house.remove() == 2;
    });
    CHECK(server.mails.size() == 2);
}

// --- no connection

TEST_CASE("when nobody listens every mail that waits is delayed, once", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    const std::string port = server.port();
    f.servers.clear();
    f.send(addresses(2));
    f.until_done(0, 2);
    CHECK(f.house.last_delay().enhanced() == mail::enhanced_code{4, 4, 1});
    CHECK_THAT(f.house.last_delay().text(), Contains("127.0.0.1:" + port));
}

TEST_CASE("all mail that waited for a connection is delayed with it", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    server.answer = when("(greeting)", hold + "554 5.3.2 no service");
    for (int i = 0; i < 5; ++i) f.send(addresses(2));
    f.until([&] { return server.holding == 1; });
    CHECK(server.connections == 1);
    server.release();
    f.until_done(0, 10);
    // However final the host's words are, they are about us and not about any recipient.
    CHECK(f.house.last_delay().is_transient());
    CHECK_THAT(f.house.last_delay().text(), Contains("no service"));
}

TEST_CASE("a relay that cannot be had is left in peace for a while", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    server.answer = when("(greeting)", "421 4.3.2 too busy");
    f.send();
    f.until_done(0, 1);
    const int before = server.connections;
    for (int i = 0; i < 5; ++i) f.send();
    test::settle(f.house.loop);
    CHECK(server.connections == before);
    f.house.clock.advance(1s);
    f.until_done(0, 6);
    CHECK(server.connections == before + 1);
    SECTION("and used again when it works") {
        server.answer = [](const std::string&, int) { return std::nullopt; };
        f.send();
        f.until([&] {
            f.house.clock.advance(1s);
            return f.house.remove() >= 1;
        });
    }
}

TEST_CASE("a host that allows fewer sessions than we want is not stormed", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    server.answer = [](const std::string& command, int connection) -> answer {
        if (command == "(greeting)" && connection > 1) return "421 4.7.0 too many connections";
        if (command == "." && connection == 1) return hold + "250 2.0.0 kept";
        return std::nullopt;
    };
    for (int i = 0; i < 30; ++i) f.send();
    f.until([&] { return server.holding == 1; });
    for (int i = 0; i < 20; ++i) test::settle(f.house.loop);
    CHECK(server.connections <= 4);
    f.until([&] {
        server.release();
        return f.house.remove() == 30;
    });
    CHECK(f.house.defer() == 0);
    CHECK(server.connections <= 6);
}

TEST_CASE("no outcome is told from within carry()", "[relay][engine]") {
    relay_house f;
    f.hosts.rows["host1"] = "no URL";
    f.open();
    const auto give = [](relay_house& in) -> async::awaitable<> {
        spool::transaction next(in.house.store);
        static_cast<void>(co_await next.text().append("x\r\n"));
        next.add(test::mail_house::envelope("out", "bob@example.net"));
        auto kept = co_await next.commit({}, in.house.clock.wall(), false);
        in.house.queue.accepted(std::move(kept.value()));
        CHECK(in.house.store.changes.empty());
    };
    finish(f.house.loop, give(f));
    f.until_done(0, 1);
}

// --- several URLs

TEST_CASE("when one URL cannot be had the next one is tried", "[relay][engine]") {
    relay_house f;
    auto& first = f.serve();
    auto& second = f.serve();
    SECTION("nobody listens") {
        f.hosts.rows["host1"] = "smtp://relay.example:1";
        f.send();
        f.until_done(1);
        CHECK(first.connections == 0);
    }
    SECTION("its name is not there") {
        f.hosts.rows["host1"] = "smtp://gone.example";
        f.send();
        f.until_done(1);
    }
    SECTION("it has no service") {
        first.answer = when("(greeting)", "554 5.3.2 no service");
        f.send();
        f.until_done(1);
        CHECK(first.connections == 1);
    }
    SECTION("it does not like us") {
        first.answer = [](const std::string& command, int) -> answer {
            return command.starts_with("EHLO") || command.starts_with("HELO") ? answer("550 5.7.1 go away")
                                                                              : std::nullopt;
        };
        f.send();
        f.until_done(1);
    }
    CHECK(second.mails.size() == 1);
    CHECK(f.output.comes(" reason="));
}

TEST_CASE("a host with several addresses is tried at each", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve("smtp://", "two.example");
    f.dns.host("two.example", {"127.0.0.99", "127.0.0.1"});  // the server listens at the second only
    f.send();
    f.until_done(1);
    CHECK(server.mails.size() == 1);
}

TEST_CASE("connections are spread over the URLs", "[relay][engine]") {
    relay_house f;
    auto& first = f.serve();
    auto& second = f.serve();
    f.how.limits.general.messages = 1;
    for (std::size_t i = 1; i <= 6; ++i) {
        f.send();
        f.until_done(i);
        f.house.clock.advance(1ms);
    }
    CHECK(first.connections == 3);
    CHECK(second.connections == 3);
}

// --- many mails

TEST_CASE("more recipients than the limit are carried in several transactions", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    f.how.limits.general.recipients = 10;
    f.how.limits.general.per_relay = 1;
    f.send(addresses(25));
    f.until_done(25);
    std::vector<std::size_t> sizes;
    for (const auto& each : server.mails) sizes.push_back(each.recipients.size());
    CHECK(sizes == std::vector<std::size_t>{10, 10, 5});
    auto all = server.all_recipients();
    std::ranges::sort(all);
    CHECK(std::ranges::unique(all).empty());
    CHECK(all.size() == 25);
}

TEST_CASE("no more sessions are opened than allowed", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    f.how.limits.general.per_relay = 3;
    server.answer = when(".", hold + "250 2.0.0 kept");
    for (int i = 0; i < 20; ++i) f.send();
    f.until([&] { return server.holding == 3; });
    for (int i = 0; i < 20; ++i) test::settle(f.house.loop);
    CHECK(server.most_present == 3);
    f.until([&] {
        server.release();
        return f.house.remove() == 20;
    });
    CHECK(server.most_present == 3);
    CHECK(server.mails.size() == 20);
}

TEST_CASE("much mail is carried by many sessions at once, as many as the host bears", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    server.answer = when(".", hold + "250 2.0.0 kept");
    for (int i = 0; i < 150; ++i) f.send();
    f.until([&] { return server.holding == 5; });
    CHECK(server.present == 5);
    f.until([&] {
        if (server.present < 20) server.release();
        return server.holding == 20;
    });
    CHECK(server.present == 20);
    f.until([&] {
        server.release();
        return f.house.remove() == 150;
    });
    CHECK(server.mails.size() == 150);
    CHECK(f.house.store.rows.messages.empty());
}

TEST_CASE("every mail has exactly one outcome, whatever the host does", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    unsigned state = 17;
    const auto random = [&state](unsigned below) {
        state = state * 1664525U + 1013904223U;
        return (state >> 16U) % below;
    };
    server.answer = [&random](const std::string& command, int) -> answer {
        if (random(12) != 0) return std::nullopt;
        if (command == "(content)") return random(2) == 0 ? answer(hang_up) : std::nullopt;
        switch (random(4)) {
            case 0: return hang_up;
            case 1: return "421 4.3.2 later";
            case 2: return "450 4.3.2 not now";
            default: return "550 5.7.1 no";
        }
    };
    f.how.limits.general.per_relay = 4;
    f.how.limits.general.recipients = 3;
    std::size_t sent = 0;
    for (int i = 0; i < 100; ++i) {
        const std::size_t number = 1 + random(5);
        f.send(addresses(number));
        sent += number;
    }
    // A postponed one may be tried again before the end, as soon as the host is back.
    const auto outcomes = [&f] {
        std::map<spool::envelope_id, std::string> told;
        for (const spool::change& each : f.house.store.changes) {
            if (const auto* ended = std::get_if<spool::remove>(&each)) told[ended->id] += 'F';
            if (const auto* later = std::get_if<spool::defer>(&each)) told[later->id] += std::to_string(later->tries);
        }
        return told;
    };
    f.until([&] {
        f.house.clock.advance(1s);
        return outcomes().size() == sent;
    });
    for (int i = 0; i < 10; ++i) f.house.clock.advance(1s);
    CHECK(outcomes().size() == sent);
    for (const auto& [id, told] : outcomes()) {
        const auto tries = told.ends_with('F') ? told.size() - 1 : told.size();
        CHECK(told.starts_with(std::string("123456789").substr(0, tries)));
    }
    CHECK_FALSE(f.output.has("event=bug"));
    CHECK(server.all_recipients().size() <= sent);
    CHECK(f.house.remove() > 0);
    CHECK(f.house.defer() > 0);
}

// --- the end

TEST_CASE("an engine that stops lets transactions under way end", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    server.answer = when(".", hold + "250 2.0.0 kept");
    f.send();
    f.until([&] { return server.holding == 1; });
    bool stopped = false;
    boost::asio::co_spawn(f.house.loop, f.engine->stop(30s), [&](std::exception_ptr) { stopped = true; });
    test::settle(f.house.loop);
    CHECK_FALSE(stopped);
    server.release();
    // No time passes: it does not wait longer than it must.
    f.until([&] { return stopped; });
    CHECK(f.house.remove() == 1);
    CHECK(server.heard("QUIT"));
}

TEST_CASE("what a stopping engine has not finished is not told and stays as it was", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    f.how.limits.general.per_relay = 2;
    server.answer = when(GENERATE("(greeting)", "EHLO", "MAIL", "."), hold + "250 2.0.0 kept");
    server.offers.clear();
    for (int i = 0; i < 5; ++i) f.send();
    f.until([&] { return server.holding >= 1; });
    bool stopped = false;
    boost::asio::co_spawn(f.house.loop, f.engine->stop(30s), [&](std::exception_ptr) { stopped = true; });
    f.house.clock.advance(29s);
    CHECK_FALSE(stopped);
    f.house.clock.advance(1s);
    f.until([&] { return stopped; });
    test::settle(f.house.loop);
    CHECK(f.house.remove() == 0);
    CHECK(f.house.defer() == 0);
    CHECK(f.house.store.rows.envelopes.size() == 5);
    CHECK_FALSE(f.output.has("event=bug"));
}

TEST_CASE("an engine without mail stops at once", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    SECTION("never used") { f.open(); }
    SECTION("with an idle session") {
        f.send();
        f.until_done(1);
    }
    finish(f.house.loop, f.engine->stop(30s));
    f.until([&] { return server.present == 0; });
    CHECK(f.house.clock.sleepers() == 0);
}

TEST_CASE("an engine that has stopped takes no more mail", "[relay][engine]") {
    relay_house f;
    auto& server = f.serve();
    f.open();
    finish(f.house.loop, f.engine->stop(0s));
    f.send();
    test::settle(f.house.loop);
    CHECK(server.connections == 0);
    CHECK(f.house.store.rows.envelopes.size() == 1);
    CHECK(f.house.defer() == 0);
}
