#include "waypost/async/semaphore.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "support/run_until.hpp"
#include "waypost/async/task_group.hpp"

using namespace waypost;
using waypost::test::finish;
using waypost::test::settle;

namespace {

struct fixture {
    boost::asio::io_context loop;
    async::semaphore semaphore;
    async::event event{loop.get_executor()};
    async::task_group workers{loop.get_executor()};
    std::vector<int> begun;

    explicit fixture(std::size_t limit) : semaphore(limit) {}
    ~fixture() { finish(loop, workers.stop()); }
    fixture(const fixture&) = delete;
    fixture& operator=(const fixture&) = delete;

    async::awaitable<> work(int number) {
        const auto permit = co_await semaphore.acquire();
        begun.push_back(number);
        co_await event.wait();
    }
    void start(async::task_group& group, int number) {
        group.start(work(number));
        settle(loop);
    }
    /// All work that is under way ends.
    void end_round() {
        event.notify();
        settle(loop);
    }
};

}  // namespace

TEST_CASE("so many work at once, and the others in the order of asking", "[async][semaphore]") {
    fixture f(2);
    for (const int number : {1, 2, 3, 4, 5}) f.start(f.workers, number);
    CHECK(f.begun == std::vector{1, 2});
    CHECK(f.semaphore.waiting() == 3);
    f.end_round();
    CHECK(f.begun == std::vector{1, 2, 3, 4});
    f.end_round();
    CHECK(f.begun == std::vector{1, 2, 3, 4, 5});
    f.end_round();
    CHECK(f.workers.size() == 0);
    f.start(f.workers, 6);
    f.start(f.workers, 7);
    CHECK(f.begun.size() == 7);
}

TEST_CASE("nobody overtakes who waits, though a permit has just come back", "[async][semaphore]") {
    fixture f(1);
    f.start(f.workers, 1);
    f.start(f.workers, 2);
    f.workers.start(f.work(3));  // asks after the end of 1, before 2 has gone on
    f.event.notify();
    settle(f.loop);
    CHECK(f.begun == std::vector{1, 2});
    f.end_round();
    CHECK(f.begun == std::vector{1, 2, 3});
}

TEST_CASE("a waiter that is cancelled leaves no hole and loses no permit", "[async][semaphore]") {
    fixture f(1);
    async::task_group impatient(f.loop.get_executor());
    f.start(f.workers, 1);
    f.start(impatient, 99);
    f.start(f.workers, 2);
    SECTION("while it waits") { finish(f.loop, impatient.stop()); }
    SECTION("when its permit has just come") {
        f.event.notify();
        finish(f.loop, impatient.stop());
    }
    f.end_round();
    CHECK(f.begun.back() == 2);
    f.end_round();
    f.start(f.workers, 3);
    CHECK(f.begun.back() == 3);
    CHECK(f.semaphore.waiting() == 0);
}
