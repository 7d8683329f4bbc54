#include "waypost/async/offload.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/run_until.hpp"
#include "waypost/async/task_group.hpp"

using namespace waypost;
using waypost::test::finish;
using waypost::test::settle;

TEST_CASE("what is computed off the loop comes back as a value", "[async][offload]") {
    boost::asio::io_context loop;
    async::thread_pool threads(1);
    CHECK(finish(loop, async::offload(threads, [] { return std::string("done"); })) == "done");
    SECTION("which need not be copyable") {
        auto made = finish(loop, async::offload(threads, [] { return std::make_unique<int>(7); }));
        REQUIRE(made != nullptr);
        CHECK(*made == 7);
    }
    SECTION("and neither need the work be") {
        auto input = std::make_unique<int>(8);
        CHECK(finish(loop, async::offload(threads, [input = std::move(input)] { return *input; })) == 8);
    }
}

TEST_CASE("the work runs on another thread and the coroutine goes on on its own", "[async][offload]") {
    boost::asio::io_context loop;
    async::thread_pool threads(1);
    std::thread::id afterwards;
    const auto ask = [](async::thread_pool& on, std::thread::id& after) -> async::awaitable<std::thread::id> {
        const auto worker = co_await async::offload(on, [] { return std::this_thread::get_id(); });
        after = std::this_thread::get_id();
        co_return worker;
    };
    const auto worker = finish(loop, ask(threads, afterwards));
    CHECK(worker != std::this_thread::get_id());
    CHECK(afterwards == std::this_thread::get_id());
}

TEST_CASE("an exception of the work comes out of the wait", "[async][offload]") {
    boost::asio::io_context loop;
    async::thread_pool threads(1);
    const auto fail = []() -> int { throw std::runtime_error("of the worker"); };
    CHECK_THROWS_WITH(finish(loop, async::offload(threads, fail)), "of the worker");
}

TEST_CASE("the loop goes on while a worker works", "[async][offload]") {
    boost::asio::io_context loop;
    async::thread_pool threads(1);
    std::promise<void> release;
    std::shared_future<void> released(release.get_future());
    bool done = false;
    const auto work = [](async::thread_pool& on, std::shared_future<void> until, bool& finished) -> async::awaitable<> {
        co_await async::offload(on, [until] {
            until.wait();
            return true;
        });
        finished = true;
    };
    async::task_group group(loop.get_executor());
    group.start(work(threads, released, done));
    settle(loop);
    CHECK_FALSE(done);
    release.set_value();
    finish(loop, group.join());
    CHECK(done);
}

TEST_CASE("work that has begun is waited for, cancelled or not", "[async][offload]") {
    boost::asio::io_context loop;
    async::thread_pool threads(1);
    std::promise<void> release;
    std::shared_future<void> released(release.get_future());
    const auto owned = std::make_shared<int>(1);
    const auto work = [](async::thread_pool& on, std::shared_future<void> until,
                         std::shared_ptr<int> mine) -> async::awaitable<> {
        co_await async::offload(on, [until, mine] {
            until.wait();
            return *mine;
        });
    };
    async::task_group group(loop.get_executor());
    group.start(work(threads, released, owned));
    settle(loop);
    bool stopped = false;
    boost::asio::co_spawn(loop, group.stop(), [&](std::exception_ptr) { stopped = true; });
    settle(loop);
    CHECK_FALSE(stopped);
    release.set_value();
    test::run_until(loop, [&] { return stopped; });
    CHECK(group.size() == 0);
    threads.join();
    CHECK(owned.use_count() == 1);  // nothing of it is left behind
}

TEST_CASE("as much work runs at once as there are threads", "[async][offload]") {
    boost::asio::io_context loop;
    async::thread_pool threads(2);
    // Each waits for the other: with one thread this would never end.
    std::promise<void> first;
    std::promise<void> second;
    std::shared_future<void> first_began(first.get_future());
    std::shared_future<void> second_began(second.get_future());
    const auto meet = [](async::thread_pool& on, std::promise<void>& mine,
                         std::shared_future<void> other) -> async::awaitable<> {
        co_await async::offload(on, [&mine, other] {
            mine.set_value();
            other.wait();
            return true;
        });
    };
    async::task_group group(loop.get_executor());
    group.start(meet(threads, first, second_began));
    group.start(meet(threads, second, first_began));
    finish(loop, group.join());
    CHECK(group.size() == 0);
}
