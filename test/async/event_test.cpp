#include "waypost/async/event.hpp"

#include <catch2/catch.hpp>

#include "support/run_until.hpp"
#include "waypost/async/task_group.hpp"

using namespace waypost;
using waypost::test::finish;
using waypost::test::settle;

namespace {

async::awaitable<> count_wakes(async::event& signal, int& wakes) {
    for (;;) {
        co_await signal.wait();
        ++wakes;
    }
}

}  // namespace

TEST_CASE("a notification wakes everyone who waits at that moment", "[async][event]") {
    boost::asio::io_context loop;
    async::event signal(loop.get_executor());
    async::task_group group(loop.get_executor());
    int wakes = 0;
    for (int i = 0; i < 5; ++i) group.start(count_wakes(signal, wakes));
    settle(loop);
    CHECK(wakes == 0);
    signal.notify();
    settle(loop);
    CHECK(wakes == 5);
    signal.notify();
    settle(loop);
    CHECK(wakes == 10);
    finish(loop, group.stop());
}

TEST_CASE("nobody waits for a notification of the past", "[async][event]") {
    boost::asio::io_context loop;
    async::event signal(loop.get_executor());
    async::task_group group(loop.get_executor());
    int wakes = 0;
    signal.notify();
    group.start(count_wakes(signal, wakes));
    settle(loop);
    CHECK(wakes == 0);
    finish(loop, group.stop());
}

TEST_CASE("two notifications before a waiter runs wake it once", "[async][event]") {
    boost::asio::io_context loop;
    async::event signal(loop.get_executor());
    async::task_group group(loop.get_executor());
    int wakes = 0;
    group.start(count_wakes(signal, wakes));
    settle(loop);
    signal.notify();
    signal.notify();
    settle(loop);
    CHECK(wakes == 1);
    finish(loop, group.stop());
}

TEST_CASE("a cancelled waiter goes on without a notification", "[async][event]") {
    boost::asio::io_context loop;
    async::event signal(loop.get_executor());
    async::task_group group(loop.get_executor());
    bool returned = false;
    const auto wait_once = [](async::event& event, bool& done) -> async::awaitable<> {
        co_await event.wait();
        done = true;
    };
    group.start(wait_once(signal, returned));
    settle(loop);
    finish(loop, group.stop());
    CHECK(returned);
}
