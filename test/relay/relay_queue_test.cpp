#include "relay_queue.hpp"

#include <catch2/catch.hpp>

#include "idle_places.hpp"
#include "relay_alone.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using relay::host;
using relay::idle_session;

namespace {

const async::time_point now{1000h};

struct fixture {
    test::relay_surroundings world;
    std::shared_ptr<relay::relay_queue> made = world.make("example.net");
    relay::relay_queue& to = *made;
    const host first{.endpoint = {net::parse_address("192.0.2.1").value(), 25}, .socket_path = {}};
    const host second{.endpoint = {net::parse_address("192.0.2.2").value(), 25}, .socket_path = {}};

    void add(std::size_t recipients) {
        queue::queued_message more{std::make_shared<spool::message>(), {}};
        for (std::size_t i = 0; i < recipients; ++i)
            more.envelopes.push_back(test::mail_house::envelope("out", "r" + std::to_string(i) + "@example.net"));
        to.waiting.push_back(std::move(more));
    }
    std::unique_ptr<idle_session> idle(async::time_point since, const host& host) {
        auto one = std::make_unique<idle_session>(world.house.loop.get_executor(), host, since);
        to.idle.push_back(one.get());
        return one;
    }
};

}  // namespace

TEST_CASE("tasks are taken in their order", "[relay][relay_queue]") {
    fixture f;
    CHECK_FALSE(f.to.take(100).has_value());
    f.add(1);
    f.add(2);
    CHECK(f.to.take(100)->envelopes.size() == 1);
    CHECK(f.to.take(100)->envelopes.size() == 2);
    CHECK_FALSE(f.to.take(100).has_value());
}

TEST_CASE(
    "of a task with many recipients so many are taken as one transaction may have, and the rest waits behind "
    "smaller mail",
    "[relay][relay_queue]") {
    fixture f;
    f.add(100'000);
    f.add(1);
    const auto part = f.to.take(100);
    REQUIRE(part.has_value());
    CHECK(part->envelopes.size() == 100);
    CHECK(part->envelopes.front().recipient.address.local.text() == "r0");
    CHECK(f.to.take(100)->envelopes.size() == 1);
    const auto next = f.to.take(100);
    REQUIRE(next.has_value());
    CHECK(next->message == part->message);
    CHECK(next->envelopes.front().recipient.address.local.text() == "r100");
    std::size_t left = 0;
    while (const auto each = f.to.take(100)) left += each->envelopes.size();
    CHECK(left == 99'800);
}

TEST_CASE("what is left of a task wakes a session that is idle", "[relay][relay_queue]") {
    fixture f;
    const auto one = f.idle(now, f.first);
    f.add(101);
    CHECK(f.to.take(100).has_value());
    CHECK_FALSE(one->waiting);
    CHECK(f.to.idle.empty());
}

TEST_CASE("mail that a free session will take needs no new one", "[relay][relay_queue]") {
    fixture f;
    CHECK_FALSE(f.to.wants_session());
    f.add(1);
    f.add(1);
    CHECK(f.to.wants_session());
    f.to.connecting = 1;
    CHECK(f.to.wants_session());
    SECTION("one that is being opened") { f.to.connecting = 2; }
    SECTION("one that has just come up, or was woken") { f.to.fresh = 1; }
    SECTION("one that is idle") {
        const auto one = f.idle(now, f.first);
        CHECK_FALSE(f.to.wants_session());
        return;
    }
    CHECK_FALSE(f.to.wants_session());
}

TEST_CASE("the session that was idle for the shortest time is woken first, and counts as one about to take a task",
          "[relay][relay_queue]") {
    fixture f;
    const auto older = f.idle(now, f.first);
    {
        const auto newer = f.idle(now + 1s, f.first);
        f.to.wake_one();
        CHECK_FALSE(newer->waiting);
        CHECK_FALSE(newer->leave);
        CHECK(older->waiting);
        CHECK(f.to.idle == std::vector<idle_session*>{older.get()});
        CHECK(f.to.fresh == 1);
    }
    CHECK(f.to.fresh == 0);
    f.to.wake_one();
    CHECK_FALSE(older->waiting);
    f.to.wake_one();
    CHECK(f.to.idle.empty());
}

TEST_CASE("sessions that were idle for too long leave, the others stay", "[relay][relay_queue]") {
    fixture f;
    const auto one = f.idle(now, f.first);
    const auto two = f.idle(now + 5s, f.first);
    const auto three = f.idle(now + 10s, f.first);
    f.to.dismiss_idle_since(now + 5s);
    CHECK(one->leave);
    CHECK_FALSE(one->waiting);
    CHECK(two->leave);
    CHECK_FALSE(three->leave);
    CHECK(three->waiting);
    CHECK(f.to.idle == std::vector<idle_session*>{three.get()});
}

TEST_CASE("one session is sent away from the host whose place is wanted, the one that was idle longest",
          "[relay][relay_queue]") {
    fixture f;
    relay::idle_places places;
    const auto other = f.world.make("example.org");
    const auto here = f.idle(now, f.first);
    const auto there = f.idle(now, f.second);
    const auto there_too = f.idle(now, f.second);
    const relay::idle_places::entry first(places, f.to, *here);
    const relay::idle_places::entry second(places, f.to, *there);
    const relay::idle_places::entry third(places, f.to, *there_too);
    places.dismiss_one_at(f.second, f.to);
    CHECK(f.to.idle.size() == 3);  // its own are no places for it
    places.dismiss_one_at(f.second, *other);
    CHECK(there->leave);
    CHECK_FALSE(there_too->leave);
    places.dismiss_one_at(f.second, *other);
    CHECK(there_too->leave);
    places.dismiss_one_at(f.second, *other);
    CHECK_FALSE(here->leave);
    CHECK(f.to.idle == std::vector<idle_session*>{here.get()});
}

TEST_CASE("a relay is done with when nothing of it is left", "[relay][relay_queue]") {
    fixture f;
    CHECK(f.to.done());
    SECTION("mail") { f.add(1); }
    SECTION("a connection on trial") { f.to.connecting = 1; }
    SECTION("a session") { f.to.ready = 1; }
    SECTION("a question") { f.to.questions = 1; }
    SECTION("a moment to come") { f.to.alarm = now; }
    CHECK_FALSE(f.to.done());
}

TEST_CASE("what counts gives back what it counted", "[relay][relay_queue]") {
    std::size_t number = 0;
    {
        const relay::counted one(number);
        const relay::counted two(number);
        CHECK(number == 2);
    }
    CHECK(number == 0);
}
