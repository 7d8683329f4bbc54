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
    second.first().at = door.server->endpoints().front();
    CHECK_THROWS_WITH(second.open(), Catch::Contains(net::to_string(*second.first().at)));
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

TEST_CASE("a server that stops ends its sessions, whatever they are doing", "[inbound][server]") {
    front_door door;
    door.first().passwords = &door.passwords;
    door.first().protocol.auth = smtp::demand::offered;
    door.open();
    auto idle = door.greeted();
    auto sending = door.sending();
    sending.send("half a mess");
    auto waiting = door.sending();
    door.house.store.holds = true;
    waiting.send("Subject: x\r\n\r\nbody\r\n.\r\n");
    door.house.until([&] { return door.house.store.inserting == 1; });
    auto guessing = door.greeted();
    guessing.send("AUTH PLAIN AGFkYQB3cm9uZw==\r\n");
    CHECK_FALSE(guessing.hears_something());  // the pause after a wrong password
    auto unheard = door.connect();

    const auto where = door.server->endpoints().front();
    finish(door.house.loop, door.server->stop());
    CHECK(idle.reply() == "(closed)");
    CHECK(sending.reply() == "(closed)");
    CHECK(waiting.reply() == "(closed)");
    CHECK(guessing.reply() == "(closed)");
    CHECK(door.messages() == 0);
    CHECK(door.house.clock.sleepers() == 0);
    CHECK(finish(door.house.loop, net::connect_tcp(where, std::nullopt, door.real, test::patience)).has_error());
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

TEST_CASE("a server that stops while its clients wait for a session goes at once", "[inbound][server]") {
    front_door door;
    door.how.max_sessions = 1;
    door.open();
    auto one = door.greeted();
    auto two = door.connect();
    finish(door.house.loop, door.server->stop());
    CHECK(one.reply() == "(closed)");
    CHECK(two.reply() == "(closed)");
}
