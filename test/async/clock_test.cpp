#include "waypost/async/clock.hpp"

#include <catch2/catch.hpp>

#include "support/run_until.hpp"
#include "waypost/async/task_group.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using waypost::test::finish;
using waypost::test::settle;

TEST_CASE("the real clock sleeps until its moment", "[async][clock]") {
    boost::asio::io_context loop;
    async::real_clock clock;
    const auto before = clock.now();
    finish(loop, clock.sleep_for(3ms));
    CHECK(clock.now() >= before + 3ms);
}

TEST_CASE("a moment of the past is not waited for", "[async][clock]") {
    boost::asio::io_context loop;
    async::real_clock clock;
    finish(loop, clock.sleep_until(clock.now() - 24h));
}

TEST_CASE("a cancelled sleeper wakes", "[async][clock]") {
    boost::asio::io_context loop;
    async::real_clock clock;
    async::task_group group(loop.get_executor());
    bool awake = false;
    const auto sleep = [](async::clock& by, bool& woken) -> async::awaitable<> {
        co_await by.sleep_for(24h);
        woken = true;
    };
    group.start(sleep(clock, awake));
    settle(loop);
    finish(loop, group.stop());
    CHECK(awake);
}

TEST_CASE("the calendar of the real clock is the system's", "[async][clock]") {
    const async::real_clock clock;
    const auto before = std::chrono::system_clock::now();
    const auto said = clock.wall();
    CHECK(said >= before);
    CHECK(said <= std::chrono::system_clock::now());
}
