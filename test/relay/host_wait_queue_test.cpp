#include "host_wait_queue.hpp"

#include <catch2/catch.hpp>

#include "relay_alone.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using relay::host;
using relay::host_wait_queue;
using relay::shared_limit;
using visitor = host_wait_queue::visitor;

namespace {

host at(const std::string& ip) { return {.endpoint = {net::parse_address(ip).value(), 25}, .socket_path = {}}; }

struct fixture {
    test::relay_surroundings world;
    relay::alarms alarms{world.house.loop.get_executor(), world.house.clock};
    std::size_t rung = 0;
    host_wait_queue queue{alarms, [this](const shared_limit&) { ++rung; }};
    visitor ours = with_mail("a.example");
    visitor theirs = with_mail("b.example");
    const host first = at("192.0.2.1");
    const host second = at("192.0.2.2");
    const shared_limit whole;

    /// With mail, and no place for it.
    visitor with_mail(const std::string& domain) {
        auto made = world.make(domain);
        made->waiting.emplace_back();
        made->blocked = true;
        return made;
    }
    shared_limit line(const host& host, const std::string& source_address = "0.0.0.0") {
        return {.kind = shared_limit::scope::route,
                .path = {net::parse_address(source_address).value(), host},
                .domain = {},
                .rules = &world.limits};
    }
    bool someone_else_waits(const host& host, const relay::relay_queue& than) {
        return queue.someone_else_waits({{}, host}, than);
    }
};

}  // namespace

TEST_CASE("audit 12: who came first to a line is first, and keeps its place until it is served",
          "[relay][host_wait_queue]") {
    fixture f;
    f.queue.wait(f.ours, f.line(f.first));
    f.queue.wait(f.theirs, f.line(f.first));
    f.queue.wait(f.theirs, f.line(f.second));
    CHECK(f.queue.first(f.line(f.first)) == f.ours);
    f.queue.leave(*f.ours);
    CHECK(f.queue.first(f.line(f.first)) == f.theirs);
    SECTION("asked in vain") {
        f.queue.wait(f.ours, f.line(f.first));
        CHECK(f.queue.first(f.line(f.first)) == f.ours);
    }
    SECTION("served") {
        host_wait_queue::serve(*f.ours);
        f.queue.wait(f.ours, f.line(f.first));
        CHECK(f.queue.first(f.line(f.first)) == f.theirs);
    }
    CHECK(f.queue.waits_at(*f.ours, f.line(f.first)));
    CHECK_FALSE(f.queue.waits_at(*f.ours, f.line(f.second)));
}

TEST_CASE("audit 12: who leaves one line leaves all", "[relay][host_wait_queue]") {
    fixture f;
    f.queue.wait(f.ours, f.line(f.first));
    f.queue.wait(f.ours, f.line(f.second));
    f.queue.wait(f.ours, f.whole);
    f.queue.leave(*f.ours);
    CHECK(f.queue.first(f.line(f.first)) == nullptr);
    CHECK(f.queue.lines_for({{}, f.second}, "a.example").empty());
}

TEST_CASE("the lines that a connection concerns are those of its host, its source, its domain and the whole",
          "[relay][host_wait_queue]") {
    fixture f;
    const auto from = net::parse_address("198.51.100.1").value();
    const shared_limit of_source{
        .kind = shared_limit::scope::source, .path = {from, {}}, .domain = {}, .rules = &f.world.limits};
    const shared_limit of_domain{
        .kind = shared_limit::scope::domain, .path = {}, .domain = "a.example", .rules = &f.world.limits};
    f.queue.wait(f.theirs, f.line(f.first, "198.51.100.2"));
    f.queue.wait(f.ours, f.line(f.first, "198.51.100.1"));
    for (const auto& each : {of_source, of_domain, f.whole, f.line(f.second)}) f.queue.wait(f.ours, each);
    CHECK(f.queue.lines_at(f.first).size() == 2);
    CHECK(f.queue.lines_at(f.first).front() == f.line(f.first, "198.51.100.2"));  // it has waited longer
    CHECK(f.queue.lines_for({from, f.first}, "a.example").size() == 5);
    CHECK(f.queue.lines_for({{}, f.first}, "a.example").size() == 4);
    CHECK(f.queue.lines_for({from, f.second}, "b.example").size() == 3);
}

TEST_CASE("a relay does not wait for itself", "[relay][host_wait_queue]") {
    fixture f;
    f.queue.wait(f.ours, f.line(f.first));
    CHECK_FALSE(f.someone_else_waits(f.first, *f.ours));
    CHECK(f.someone_else_waits(f.first, *f.theirs));
    CHECK_FALSE(f.someone_else_waits(f.second, *f.theirs));
    f.queue.wait(f.theirs, f.whole);
    CHECK(f.someone_else_waits(f.first, *f.ours));
    CHECK(f.someone_else_waits(f.second, *f.ours));
}

TEST_CASE("who waits for a moment alone does not want the place of another", "[relay][host_wait_queue]") {
    fixture f;
    const auto soon = f.world.house.clock.now() + 1s;
    f.queue.wait(f.ours, f.line(f.first), soon);
    CHECK_FALSE(f.someone_else_waits(f.first, *f.theirs));
    SECTION("when the moment has come there may be no place") {
        f.queue.leave(*f.ours);
        f.queue.wait(f.ours, f.line(f.first));
        CHECK(f.someone_else_waits(f.first, *f.theirs));
    }
    SECTION("whoever asks last has the news") {
        f.queue.wait(f.theirs, f.line(f.first));
        CHECK(f.someone_else_waits(f.first, *f.theirs));
        f.queue.wait(f.ours, f.line(f.first), soon);
        CHECK_FALSE(f.someone_else_waits(f.first, *f.theirs));
    }
}

TEST_CASE("a relay that has no mail any more does not wait", "[relay][host_wait_queue]") {
    fixture f;
    f.queue.wait(f.ours, f.line(f.first));
    f.queue.wait(f.ours, f.whole);
    f.ours->waiting.clear();
    CHECK_FALSE(f.someone_else_waits(f.first, *f.theirs));
    CHECK_FALSE(f.ours->blocked);
    CHECK(f.ours->lines.empty());
}

TEST_CASE("a line has the first moment of those that are named", "[relay][host_wait_queue]") {
    fixture f;
    const async::time_point now{1000h};
    f.queue.wait(f.ours, f.line(f.first));
    CHECK(f.queue.next_moment_of(*f.ours) == async::time_point::max());
    f.queue.wait(f.ours, f.line(f.first), now + 2s);
    f.queue.wait(f.theirs, f.line(f.first), now + 2s);
    CHECK(f.queue.next_moment_of(*f.ours) == now + 2s);
    f.queue.wait(f.theirs, f.line(f.first), now + 1s);
    CHECK(f.queue.next_moment_of(*f.ours) == now + 1s);
    CHECK(f.alarms.size() == 1);
}

TEST_CASE("a line has one alarm, however often who waits there comes and goes", "[relay][host_wait_queue]") {
    fixture f;
    const auto now = f.world.house.clock.now();
    for (int i = 0; i < 100; ++i) {
        f.queue.wait(f.ours, f.line(f.first), now + 3s);
        CHECK(f.alarms.size() == 1);
        f.queue.leave(*f.ours);
        CHECK(f.alarms.size() == 0);
    }
    f.queue.wait(f.ours, f.line(f.first), now + 3s);
    f.queue.clear();
    CHECK(f.alarms.size() == 0);
}

TEST_CASE("the alarm of a line rings once, and the next moment is a new one", "[relay][host_wait_queue]") {
    fixture f;
    const auto now = f.world.house.clock.now();
    f.queue.wait(f.ours, f.line(f.first), now + 1s);
    async::task_group beside(f.world.house.loop.get_executor());
    REQUIRE(f.alarms.needs_run());
    beside.start(f.alarms.run());
    f.world.house.clock.advance(2s);
    CHECK(f.rung == 1);
    CHECK(f.queue.next_moment_of(*f.ours) == async::time_point::max());
    f.queue.wait(f.ours, f.line(f.first), now + 5s);
    CHECK(f.queue.next_moment_of(*f.ours) == now + 5s);
    test::finish(f.world.house.loop, beside.stop());
}
