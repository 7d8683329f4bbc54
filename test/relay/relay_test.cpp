#include "relay.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

using namespace waypost;
using namespace std::chrono_literals;
using relay::idle_session;
using relay::limits;

namespace {

const async::time_point now{1000h};

struct fixture {
    boost::asio::io_context loop;
    relay::action_settings action;
    relay::relay to{{.action = "out", .domain = {}}, action};
    limits allowed;

    void add_tasks(std::size_t number) {
        for (std::size_t i = 0; i < number; ++i) to.waiting.emplace_back();
    }
    /// How many sessions would be opened now, one after the other.
    std::size_t opens() {
        std::size_t opened = 0;
        while (to.wants_session(allowed, now) && opened < 1000) {
            ++to.connecting;
            ++opened;
        }
        return opened;
    }
    std::unique_ptr<idle_session> idle(async::time_point since) {
        auto made = std::make_unique<idle_session>(loop.get_executor(), since);
        to.idle.push_back(made.get());
        return made;
    }
};

}  // namespace

TEST_CASE("without mail no session is wanted", "[relay][relay]") {
    fixture f;
    CHECK(f.opens() == 0);
    CHECK(f.to.done());
}

TEST_CASE("the first session is tried alone, however much mail waits", "[relay][relay]") {
    fixture f;
    f.add_tasks(50);
    CHECK(f.opens() == 1);
    CHECK(f.opens() == 0);
    CHECK_FALSE(f.to.done());
}

TEST_CASE("as many sessions are on trial as have succeeded, and one", "[relay][relay]") {
    fixture f;
    f.add_tasks(50);
    f.to.ready = 1;
    CHECK(f.opens() == 2);
    f.to.ready = 3;
    f.to.connecting = 0;
    CHECK(f.opens() == 4);
}

TEST_CASE("no more sessions are opened than the limit allows", "[relay][relay]") {
    fixture f;
    f.allowed.sessions_per_relay = 5;
    f.add_tasks(50);
    f.to.ready = 3;
    CHECK(f.opens() == 2);
    f.to.ready = 5;
    f.to.connecting = 0;
    CHECK(f.opens() == 0);
}

TEST_CASE("mail that a free session will take needs no new one", "[relay][relay]") {
    fixture f;
    f.add_tasks(2);
    SECTION("idle sessions") {
        const auto one = f.idle(now);
        const auto two = f.idle(now);
        f.to.ready = 2;
        CHECK(f.opens() == 0);
        f.add_tasks(1);
        CHECK(f.opens() == 1);
    }
    SECTION("sessions that have just come up") {
        f.to.ready = 2;
        f.to.fresh = 2;
        CHECK(f.opens() == 0);
    }
    SECTION("sessions that are being opened") {
        f.to.ready = 5;
        f.to.connecting = 2;
        CHECK(f.opens() == 0);
    }
}

TEST_CASE("the session that was idle for the shortest time is woken first", "[relay][relay]") {
    fixture f;
    const auto older = f.idle(now);
    const auto newer = f.idle(now + 1s);
    f.to.wake_one();
    CHECK_FALSE(newer->waiting);
    CHECK_FALSE(newer->leave);
    CHECK(older->waiting);
    CHECK(f.to.idle == std::vector<idle_session*>{older.get()});
    f.to.wake_one();
    CHECK_FALSE(older->waiting);
    f.to.wake_one();
    CHECK(f.to.idle.empty());
}

TEST_CASE("sessions that were idle for too long leave, the others stay", "[relay][relay]") {
    fixture f;
    const auto first = f.idle(now);
    const auto second = f.idle(now + 5s);
    const auto third = f.idle(now + 10s);
    f.to.dismiss_idle_since(now + 5s);
    CHECK(first->leave);
    CHECK_FALSE(first->waiting);
    CHECK(second->leave);
    CHECK_FALSE(third->leave);
    CHECK(third->waiting);
    CHECK(f.to.idle == std::vector<idle_session*>{third.get()});
}

TEST_CASE("while a relay rests no session is wanted", "[relay][relay]") {
    fixture f;
    f.add_tasks(3);
    f.to.rest(f.allowed, now);
    CHECK(f.to.rests_until == now + 1s);
    CHECK_FALSE(f.to.wants_session(f.allowed, now));
    CHECK_FALSE(f.to.wants_session(f.allowed, now + 999ms));
    CHECK(f.to.wants_session(f.allowed, now + 1s));
}

TEST_CASE("the pause between attempts grows up to its limit", "[relay][relay]") {
    fixture f;
    auto moment = now;
    std::vector<std::chrono::seconds> pauses;
    for (int i = 0; i < 9; ++i) {
        f.to.rest(f.allowed, moment);
        pauses.push_back(std::chrono::duration_cast<std::chrono::seconds>(f.to.rests_until - moment));
        moment = f.to.rests_until;
    }
    CHECK(pauses == std::vector<std::chrono::seconds>{1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s});
    f.to.worked();
    f.to.rest(f.allowed, moment);
    CHECK(f.to.rests_until == moment + 1s);
}

TEST_CASE("several attempts that fail together are one rest", "[relay][relay]") {
    fixture f;
    for (int i = 0; i < 20; ++i) f.to.rest(f.allowed, now + std::chrono::milliseconds(i));
    CHECK(f.to.rests_until == now + 1s);
    f.to.rest(f.allowed, now + 1s);
    CHECK(f.to.rests_until == now + 3s);
}

TEST_CASE("a relay is done with when nothing of it is left", "[relay][relay]") {
    fixture f;
    SECTION("mail") { f.add_tasks(1); }
    SECTION("a session on trial") { f.to.connecting = 1; }
    SECTION("a session") { f.to.ready = 1; }
    SECTION("a rest") { f.to.rests = 1; }
    CHECK_FALSE(f.to.done());
}

TEST_CASE("what counts gives back what it counted", "[relay][relay]") {
    std::size_t number = 0;
    {
        const relay::counted one(number);
        const relay::counted two(number);
        CHECK(number == 2);
    }
    CHECK(number == 0);
}
