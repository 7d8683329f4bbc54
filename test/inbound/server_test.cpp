#include "waypost/inbound/server.hpp"

#include <catch2/catch.hpp>

#include "front_door.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using namespace std::string_literals;
using Catch::Matchers::StartsWith;
using test::finish;
using test::front_door;

TEST_CASE("a server listens where it was told, and says where that is", "[inbound][server]") {
    front_door door;
    door.how.listeners.push_back(front_door::listener());
    door.open();
    const auto where = door.server->endpoints();
    REQUIRE(where.size() == 2);
    CHECK(where[0].port != where[1].port);
    for (std::size_t i = 0; i < 2; ++i) CHECK_THAT(door.connect(i).reply(), StartsWith("220 "));
}

TEST_CASE("an address that cannot be had ends the start, and is named", "[inbound][server]") {
    front_door door;
    door.open();
    front_door second;
    second.first().endpoint = door.server->endpoints().front();
    CHECK_THROWS_WITH(second.open(), Catch::Contains(net::to_string(*second.first().endpoint)));
}

TEST_CASE("clients beyond the limit wait until somebody leaves", "[inbound][server]") {
    front_door door;
    door.how.max_sessions = 2;
    door.open();
    auto one = door.connect();
    auto two = door.connect();
    CHECK_THAT(one.reply(), StartsWith("220 "));
    CHECK_THAT(two.reply(), StartsWith("220 "));
    auto three = door.connect();
    auto four = door.connect();
    CHECK_FALSE(three.hears_something());
    CHECK_THAT(one.ask("QUIT"), StartsWith("221 "));
    one.close();
    CHECK_THAT(three.reply(), StartsWith("220 "));
    CHECK_FALSE(four.hears_something());
    two.close();
    CHECK_THAT(four.reply(), StartsWith("220 "));
}

TEST_CASE("a listener without clients takes no session from one with clients", "[inbound][server]") {
    front_door door;
    door.how.max_sessions = 1;
    door.how.listeners.push_back(front_door::listener());
    door.open();
    auto second = door.connect(1);
    CHECK_THAT(second.reply(), StartsWith("220 "));
    CHECK_THAT(second.ask("QUIT"), StartsWith("221 "));
    second.close();
    CHECK_THAT(door.connect(0).reply(), StartsWith("220 "));
}

TEST_CASE("clients that come and go at once do not use up the sessions", "[inbound][server]") {
    front_door door;
    door.how.max_sessions = 2;
    door.open();
    for (int i = 0; i < 50; ++i) door.connect().close();
    CHECK_THAT(door.connect().reply(), StartsWith("220 "));
}

TEST_CASE("one client's misery is no other's", "[inbound][server]") {
    front_door door;
    door.open();
    auto bad = door.sending();
    auto good = door.sending();
    bad.send("garbage \0 \n"s);
    bad.close();
    good.send("Subject: x\r\n\r\nbody\r\n.\r\n");
    CHECK_THAT(good.reply(), StartsWith("250 "));
    CHECK(door.messages() == 1);
}

namespace {

/// A stop() that goes on beside the test.
struct stopping {
    stopping(front_door& at, async::duration grace) : door(at) {
        boost::asio::co_spawn(door.house.loop, door.server->stop(grace), [ended = over](std::exception_ptr failed) {
            if (failed != nullptr) std::rethrow_exception(failed);
            *ended = true;
        });
        door.house.clock.settle();
    }
    /// Without more time passing than that for the last words.
    void ends() {
        door.house.until([this] { return *over; });
    }

    front_door& door;
    std::shared_ptr<bool> over = std::make_shared<bool>(false);
};

const std::string told = "421 4.3.2 mx.example.org Service shutting down";

}  // namespace

TEST_CASE("audit 6: a server that stops ends its sessions with 421, whatever they are doing", "[inbound][server]") {
    front_door door;
    door.first().passwords = &door.passwords;
    door.first().protocol.auth = smtp::requirement::offered;
    door.open();
    auto idle = door.greeted();
    auto sending = door.sending();
    sending.send("half a mess");
    auto guessing = door.greeted();
    guessing.send("AUTH PLAIN AGFkYQB3cm9uZw==\r\n");
    CHECK_FALSE(guessing.hears_something());  // the pause after a wrong password
    auto unheard = door.connect();
    CHECK_THAT(unheard.reply(), StartsWith("220 "));

    const auto where = door.server->endpoints().front();
    finish(door.house.loop, door.server->stop());
    CHECK_THAT(guessing.reply(), StartsWith("535 "));
    for (test::smtp_client* each : {&idle, &sending, &guessing, &unheard}) {
        CHECK(each->reply() == told);
        CHECK(each->reply() == "(closed)");
    }
    CHECK(door.messages() == 0);
    CHECK(door.house.clock.sleepers() == 0);
    CHECK(finish(door.house.loop, net::connect_tcp(where, std::nullopt, door.real, test::patience)).has_error());
}

TEST_CASE("audit 6: a client between commands hears at once that the server stops", "[inbound][server]") {
    front_door door;
    door.open();
    auto idle = door.greeted();
    auto named = door.greeted();
    CHECK_THAT(named.ask("MAIL FROM:<ada@example.net>"), StartsWith("250 "));
    CHECK_THAT(named.ask("RCPT TO:<bob@example.org>"), StartsWith("250 "));
    stopping stop(door, 5s);
    for (test::smtp_client* each : {&idle, &named}) {
        CHECK(each->reply() == told);
        CHECK(each->reply() == "(closed)");
        each->close();
    }
    stop.ends();
    CHECK(door.messages() == 0);
}

TEST_CASE("audit 6: over TLS too", "[inbound][server]") {
    front_door door;
    door.first().tls = door.tls();
    door.first().protocol.tls = smtp::requirement::offered;
    door.open();
    auto client = door.greeted();
    CHECK_THAT(client.ask("STARTTLS"), StartsWith("220 "));
    client.start_tls("mx.example.org");
    CHECK_THAT(client.ask("EHLO client.example"), StartsWith("250"));
    stopping stop(door, 5s);
    CHECK(client.reply() == told);
    client.close();
    stop.ends();
}

TEST_CASE("audit 6: what is being committed when the server stops gets its 250", "[inbound][server]") {
    const auto grace = GENERATE(0s, 5s);
    CAPTURE(grace);
    front_door door;
    door.open();
    auto client = door.sending();
    door.house.store.holds = true;
    client.send("Subject: x\r\n\r\nbody\r\n.\r\nMAIL FROM:<ada@example.net>\r\n");
    door.house.until([&] { return door.house.store.inserting == 1; });
    stopping stop(door, grace);
    door.house.clock.advance(10s);  // a disk as slow as that
    CHECK_FALSE(*stop.over);
    CHECK_FALSE(client.hears_something());
    door.house.store.holds = false;
    door.house.store.release();
    CHECK_THAT(client.reply(), StartsWith("250 2.0.0 "));
    CHECK(client.reply() == told);
    CHECK(client.reply() == "(closed)");
    client.close();
    stop.ends();
    CHECK(door.messages() == 1);
    CHECK(door.out.tasks.size() == 1);
}

TEST_CASE("audit 6: content may end within the grace, and is cut off with 421 after it", "[inbound][server]") {
    front_door door;
    door.open();
    auto quick = door.sending();
    quick.send("Subject: x\r\n\r\nhalf ");
    auto slow = door.sending();
    slow.send("Subject: x\r\n\r\nhalf ");
    stopping stop(door, 5s);
    door.house.clock.advance(2s);
    CHECK_FALSE(quick.hears_something());
    quick.send("a mail\r\n.\r\n");
    CHECK_THAT(quick.reply(), StartsWith("250 "));
    CHECK(quick.reply() == told);
    quick.close();
    CHECK_FALSE(slow.hears_something());
    door.house.clock.advance(1s);
    CHECK(slow.reply() == told);
    CHECK(slow.reply() == "(closed)");
    slow.close();
    stop.ends();
    CHECK(door.messages() == 1);
}

TEST_CASE("audit 6: a client that does not leave holds up the stop for a second", "[inbound][server]") {
    front_door door;
    door.open();
    auto client = door.greeted();
    stopping stop(door, 5s);
    CHECK(client.reply() == told);
    CHECK_FALSE(*stop.over);
    door.house.clock.advance(1s);
    stop.ends();
}

TEST_CASE("stopping a server is no bug of its sessions", "[inbound][server]") {
    front_door door;
    door.open();
    std::vector<test::smtp_client> clients;
    for (int i = 0; i < 5; ++i) clients.push_back(door.sending());
    for (int i = 0; i < 5; ++i) clients.push_back(door.connect());
    finish(door.house.loop, door.server->stop());
    door.house.until([&] { return door.output.has("event=disconnected"); });
    CHECK_FALSE(door.output.has("event=bug"));
}

TEST_CASE("audit 6: clients that wait for a session are told when the server stops", "[inbound][server]") {
    front_door door;
    door.how.max_sessions = 1;
    door.open();
    auto one = door.greeted();
    auto two = door.connect();
    auto three = door.connect();
    stopping stop(door, 5s);
    for (test::smtp_client* each : {&one, &two, &three}) {
        CHECK(each->reply() == told);
        each->close();
    }
    stop.ends();
}

TEST_CASE("audit 10: a client that has its share of the sessions is turned away", "[inbound][server]") {
    front_door door;
    door.how.max_sessions_of_loopback = 2;
    door.open();
    auto one = door.greeted();
    auto two = door.greeted();
    auto three = door.connect();
    CHECK(three.reply() == "421 4.7.0 mx.example.org Error: too many connections from 127.0.0.1");
    CHECK(three.reply() == "(closed)");
    CHECK_THAT(one.ask("QUIT"), StartsWith("221 "));
    one.close();
    door.house.until([&] { return door.output.has("event=disconnected"); });
    CHECK_THAT(door.connect().reply(), StartsWith("220 "));
}

TEST_CASE("audit 10: a crowd that is turned away gets a line a second in the log", "[inbound][server]") {
    front_door door;
    door.how.max_sessions_of_loopback = 1;
    door.open();
    auto one = door.greeted();
    for (int i = 0; i < 20; ++i) CHECK_THAT(door.connect().reply(), StartsWith("421 "));
    door.house.clock.advance(1s);
    CHECK_THAT(door.connect().reply(), StartsWith("421 "));
    CHECK(door.output.comes("others=19"));
}

TEST_CASE("audit 10: port 25 cannot take the sessions that are kept for submission", "[inbound][server]") {
    front_door door;
    door.how.max_sessions = 8;
    auto submission = front_door::listener();
    submission.passwords = &door.passwords;
    submission.protocol.auth = smtp::requirement::required;
    door.how.listeners.push_back(submission);
    door.open();
    std::vector<test::smtp_client> strangers;
    for (int i = 0; i < 8; ++i) strangers.push_back(door.connect(0));
    for (std::size_t i = 0; i < 7; ++i) CHECK_THAT(strangers[i].reply(), StartsWith("220 "));
    CHECK_FALSE(strangers[7].hears_something());
    CHECK_THAT(door.connect(1).reply(), StartsWith("220 "));
}
