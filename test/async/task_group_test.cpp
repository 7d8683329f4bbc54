#include "waypost/async/task_group.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/run_until.hpp"
#include "support/virtual_clock.hpp"
#include "waypost/async/event.hpp"
#include "waypost/async/run_with.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using waypost::test::finish;
using waypost::test::settle;

namespace {

struct ended {
    int& count;
    ~ended() { ++count; }
};

async::awaitable<> wait_for(async::event& signal, int& ends) {
    const ended at_end{ends};
    co_await signal.wait();
}

/// Waits for ever; nothing but cancellation ends it.
async::awaitable<> wait_for_ever(async::event& signal, int& ends) {
    const ended at_end{ends};
    for (;;) co_await signal.wait();
}

async::awaitable<> throws(async::event& signal, std::string text) {
    co_await signal.wait();
    throw std::logic_error(text);
}

/// The parent's own start of the other one must not be nested into the parent.
async::awaitable<> note(std::vector<std::string>& steps, std::string name) {
    steps.push_back(name);
    co_return;
}

async::awaitable<> wait_for_either(async::event& event, async::event& other, int& ends) {
    using namespace boost::asio::experimental::awaitable_operators;
    const ended at_end{ends};
    for (;;) co_await (event.wait() || other.wait());
}

async::awaitable<> clean_up_slowly(async::event& forever, async::event& released, std::vector<std::string>& steps) {
    co_await forever.wait();
    steps.emplace_back("cancelled");
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    co_await released.wait();
    steps.emplace_back("cleaned up");
}

async::awaitable<> stop(async::task_group& group, std::vector<std::string>& steps) {
    const auto nothing = []() -> async::awaitable<> { co_return; };
    co_await async::finally(nothing(), group.stop());
    steps.emplace_back("stopped");
}

std::string what_of(const std::exception_ptr& bug) {
    try {
        std::rethrow_exception(bug);
    } catch (const std::exception& error) {
        return error.what();
    }
}

struct fixture {
    // Before the loop, whose end may be the end of coroutines that count here.
    std::vector<std::string> bugs;
    std::vector<std::string> steps;
    std::vector<std::string> outer_steps;
    int ends = 0;
    int inner_ends = 0;
    boost::asio::io_context loop;
    async::event signal{loop.get_executor()};
    async::event released{loop.get_executor()};
    async::task_group group{loop.get_executor(), [this](std::exception_ptr bug) { bugs.push_back(what_of(bug)); }};
};

}  // namespace

TEST_CASE("stopping a group ends every member", "[async][task_group]") {
    fixture f;
    for (int i = 0; i < 10; ++i) f.group.start(wait_for_ever(f.signal, f.ends));
    settle(f.loop);
    CHECK(f.group.size() == 10);
    CHECK(f.ends == 0);
    finish(f.loop, f.group.stop());
    CHECK(f.ends == 10);
    CHECK(f.group.size() == 0);
}

TEST_CASE("a member that ends by cancellation is no bug", "[async][task_group]") {
    fixture f;
    f.group.start(wait_for(f.signal, f.ends));
    f.group.start(wait_for_ever(f.signal, f.ends));
    settle(f.loop);
    finish(f.loop, f.group.stop());
    CHECK(f.bugs.empty());
}

TEST_CASE("a member that waits for one of two things is no bug when it is cancelled", "[async][task_group]") {
    fixture f;
    async::event other(f.loop.get_executor());
    f.group.start(wait_for_either(f.signal, other, f.ends));
    int begun = 1;
    SECTION("while it waits") { settle(f.loop); }
    SECTION("before its turn has come: it never begins") { begun = 0; }
    SECTION("when it has just been woken") {
        settle(f.loop);
        f.signal.notify();
    }
    finish(f.loop, f.group.stop());
    CHECK(f.ends == begun);
    CHECK(f.bugs.empty());
}

TEST_CASE("an exception out of a member goes to the bug handler and ends that member alone", "[async][task_group]") {
    fixture f;
    async::event other(f.loop.get_executor());
    f.group.start(throws(f.signal, "first"));
    f.group.start(wait_for(other, f.ends));
    settle(f.loop);
    f.signal.notify();
    settle(f.loop);
    CHECK(f.bugs == std::vector<std::string>{"first"});
    CHECK(f.group.size() == 1);
    CHECK(f.ends == 0);
    other.notify();
    settle(f.loop);
    CHECK(f.ends == 1);
    CHECK(f.group.size() == 0);
}

TEST_CASE("without a bug handler an exception ends its member all the same", "[async][task_group]") {
    boost::asio::io_context loop;
    async::event signal(loop.get_executor());
    async::task_group group(loop.get_executor());
    group.start(throws(signal, "unheard"));
    settle(loop);
    signal.notify();
    settle(loop);
    CHECK(group.size() == 0);
}

TEST_CASE("what is started after stop is never run", "[async][task_group]") {
    fixture f;
    finish(f.loop, f.group.stop());
    f.group.start(note(f.steps, "too late"));
    settle(f.loop);
    CHECK(f.steps.empty());
    CHECK(f.group.size() == 0);
}

TEST_CASE("stop waits for the clean-up of its members", "[async][task_group]") {
    fixture f;
    f.group.start(clean_up_slowly(f.signal, f.released, f.steps));
    settle(f.loop);
    async::task_group outer(f.loop.get_executor());
    outer.start(stop(f.group, f.steps));
    settle(f.loop);
    CHECK(f.steps == std::vector<std::string>{"cancelled"});
    f.released.notify();
    settle(f.loop);
    CHECK(f.steps == std::vector<std::string>{"cancelled", "cleaned up", "stopped"});
    CHECK(outer.size() == 0);
}

TEST_CASE("stop goes on to its end when the one who stops is cancelled", "[async][task_group]") {
    fixture f;
    f.group.start(clean_up_slowly(f.signal, f.released, f.steps));
    settle(f.loop);
    async::task_group outer(f.loop.get_executor());
    outer.start(stop(f.group, f.steps));
    async::task_group outermost(f.loop.get_executor());
    outermost.start(stop(outer, f.outer_steps));
    settle(f.loop);
    CHECK(f.outer_steps.empty());
    f.released.notify();
    settle(f.loop);
    CHECK(f.steps == std::vector<std::string>{"cancelled", "cleaned up", "stopped"});
    CHECK(f.outer_steps == std::vector<std::string>{"stopped"});
    CHECK(f.group.size() == 0);
}

TEST_CASE("stopping an empty group is done at once, and so is stopping it again", "[async][task_group]") {
    fixture f;
    finish(f.loop, f.group.stop());
    finish(f.loop, f.group.stop());
    CHECK(f.group.size() == 0);
}

TEST_CASE("join waits until the group is empty and asks nobody to end", "[async][task_group]") {
    fixture f;
    f.group.start(wait_for(f.signal, f.ends));
    f.group.start(wait_for(f.signal, f.ends));
    bool joined = false;
    boost::asio::co_spawn(f.loop, f.group.join(), [&](std::exception_ptr) { joined = true; });
    settle(f.loop);
    CHECK_FALSE(joined);
    CHECK(f.ends == 0);
    f.signal.notify();
    settle(f.loop);
    CHECK(joined);
    CHECK(f.ends == 2);
    SECTION("and an empty group is joined at once") { finish(f.loop, f.group.join()); }
}

TEST_CASE("after stop and join the coroutine that called them can still be cancelled", "[async][task_group]") {
    fixture f;
    const auto stop_and_wait = [](async::task_group& inner, async::event& signal, int& ends) -> async::awaitable<> {
        const ended at_end{ends};
        co_await inner.stop();
        for (;;) co_await signal.wait();
    };
    async::task_group inner(f.loop.get_executor());
    inner.start(wait_for_ever(f.signal, f.inner_ends));
    f.group.start(stop_and_wait(inner, f.signal, f.ends));
    settle(f.loop);
    CHECK(f.inner_ends == 1);
    bool stopped = false;
    boost::asio::co_spawn(f.loop, f.group.stop(), [&](std::exception_ptr) { stopped = true; });
    settle(f.loop);
    CHECK(stopped);
    CHECK(f.ends == 1);
}

TEST_CASE("a group may die with its loop while members still wait", "[async][task_group]") {
    int ends = 0;
    {
        boost::asio::io_context loop;
        async::event signal(loop.get_executor());
        async::task_group group(loop.get_executor());
        group.start(wait_for_ever(signal, ends));
        settle(loop);
    }
    CHECK(ends == 1);
}

TEST_CASE("a member that ends while others are being cancelled leaves the list in peace", "[async][task_group]") {
    // Ending one member wakes the other, so both leave in the same turn.
    fixture f;
    const auto wake_the_next = [](async::event& event, async::event& next) -> async::awaitable<> {
        co_await event.wait();
        next.notify();
    };
    std::vector<std::unique_ptr<async::event>> chain;
    for (int i = 0; i < 21; ++i) chain.push_back(std::make_unique<async::event>(f.loop.get_executor()));
    for (std::size_t i = 0; i < 20; ++i) f.group.start(wake_the_next(*chain[i], *chain[i + 1]));
    settle(f.loop);
    chain[0]->notify();
    finish(f.loop, f.group.stop());
    CHECK(f.group.size() == 0);
    CHECK(f.bugs.empty());
}
