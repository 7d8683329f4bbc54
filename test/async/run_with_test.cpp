#include "waypost/async/run_with.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "support/run_until.hpp"
#include "waypost/async/event.hpp"

using namespace waypost;
using waypost::test::finish;
using waypost::test::settle;

namespace {

struct present {
    int& here;
    explicit present(int& count) : here(count) { ++here; }
    ~present() { --here; }
};

async::awaitable<> wait_for_ever(async::event& signal, int& here) {
    const present mine(here);
    for (;;) co_await signal.wait();
}

async::awaitable<> wait_once(async::event& signal, int& here) {
    const present mine(here);
    co_await signal.wait();
}

async::awaitable<> fail(async::event& signal) {
    co_await signal.wait();
    throw std::runtime_error("of the work");
}

/// The work takes its cancellation for an error of its own and returns, as a session does.
async::awaitable<> run(async::event& forever, async::event& signal, int& companions, int& works, bool& after) {
    co_await async::run_with(wait_for_ever(forever, companions), wait_once(signal, works));
    after = true;
}

struct fixture {
    // Before the loop, whose end may be the end of coroutines that count here.
    int companions = 0;
    int works = 0;
    int later = 0;
    bool after = false;
    boost::asio::io_context loop;
    async::event forever{loop.get_executor()};
    async::event signal{loop.get_executor()};
    async::task_group group{loop.get_executor()};
};

}  // namespace

TEST_CASE("a clean-up runs to its end, whether the work ended or threw", "[async][run_with]") {
    fixture f;
    const auto clean_up = [](fixture& in) -> async::awaitable<> {
        co_await in.forever.wait();
        in.after = true;
    };
    SECTION("ended") { f.group.start(async::finally(wait_once(f.signal, f.works), clean_up(f))); }
    SECTION("threw") { f.group.start(async::finally(fail(f.signal), clean_up(f))); }
    settle(f.loop);
    f.signal.notify();
    settle(f.loop);
    CHECK(f.works == 0);
    CHECK_FALSE(f.after);
    CHECK(f.group.size() == 1);
    f.forever.notify();
    settle(f.loop);
    CHECK(f.after);
    CHECK(f.group.size() == 0);
}

TEST_CASE("a clean-up waits although the work was cancelled, and what follows it is cancelled", "[async][run_with]") {
    fixture f;
    const auto clean_up = [](fixture& in) -> async::awaitable<> {
        co_await in.signal.wait();
        in.after = true;
    };
    const auto work = [](fixture& in, async::awaitable<> last) -> async::awaitable<> {
        co_await async::finally(wait_once(in.forever, in.works), std::move(last));
        co_await in.forever.wait();
        ++in.later;  // never
    };
    f.group.start(work(f, clean_up(f)));
    settle(f.loop);
    bool stopped = false;
    boost::asio::co_spawn(f.loop, f.group.stop(), [&](std::exception_ptr) { stopped = true; });
    settle(f.loop);
    CHECK(f.works == 0);
    CHECK_FALSE(stopped);
    f.signal.notify();
    settle(f.loop);
    CHECK(f.after);
    CHECK(stopped);
    CHECK(f.later == 0);
}

TEST_CASE("a companion ends with the work beside which it runs", "[async][run_with]") {
    fixture f;
    f.group.start(run(f.forever, f.signal, f.companions, f.works, f.after));
    settle(f.loop);
    CHECK(f.companions == 1);
    CHECK(f.works == 1);
    f.signal.notify();
    settle(f.loop);
    CHECK(f.works == 0);
    CHECK(f.companions == 0);
    CHECK(f.after);
}

TEST_CASE("an exception of the work comes out when the companion has ended", "[async][run_with]") {
    fixture f;
    std::string what;
    const auto catching = [](fixture& in, std::string& reply) -> async::awaitable<> {
        try {
            co_await async::run_with(wait_for_ever(in.forever, in.companions), fail(in.signal));
        } catch (const std::runtime_error& error) {
            reply = error.what() + std::string(in.companions == 0 ? ", alone" : ", not alone");
        }
    };
    f.group.start(catching(f, what));
    settle(f.loop);
    f.signal.notify();
    settle(f.loop);
    CHECK(what == "of the work, alone");
}

TEST_CASE("work that never waits has its companion end too", "[async][run_with]") {
    fixture f;
    const auto nothing = []() -> async::awaitable<> { co_return; };
    finish(f.loop, async::run_with(wait_for_ever(f.forever, f.companions), nothing()));
    CHECK(f.companions == 0);
}

TEST_CASE("the work goes on when its companion has ended", "[async][run_with]") {
    fixture f;
    const auto nothing = []() -> async::awaitable<> { co_return; };
    const auto beside = [](fixture& in, async::awaitable<> companion) -> async::awaitable<> {
        co_await async::run_with(std::move(companion), wait_once(in.signal, in.works));
    };
    f.group.start(beside(f, nothing()));
    settle(f.loop);
    CHECK(f.works == 1);
    f.signal.notify();
    settle(f.loop);
    CHECK(f.works == 0);
    CHECK(f.group.size() == 0);
}

TEST_CASE("who cancels the work ends its companion too", "[async][run_with]") {
    fixture f;
    f.group.start(run(f.forever, f.signal, f.companions, f.works, f.after));
    settle(f.loop);
    finish(f.loop, f.group.stop());
    CHECK(f.works == 0);
    // The companion works on things of its caller, which are gone now.
    CHECK(f.companions == 0);
}

TEST_CASE("what follows work with a companion can still be cancelled", "[async][run_with]") {
    fixture f;
    const auto two_after_another = [](fixture& in) -> async::awaitable<> {
        co_await async::run_with(wait_for_ever(in.forever, in.companions), wait_once(in.signal, in.works));
        co_await wait_for_ever(in.forever, in.later);
    };
    f.group.start(two_after_another(f));
    settle(f.loop);
    f.signal.notify();
    settle(f.loop);
    CHECK(f.later == 1);
    bool stopped = false;
    boost::asio::co_spawn(f.loop, f.group.stop(), [&](std::exception_ptr) { stopped = true; });
    settle(f.loop);
    CHECK(stopped);
    CHECK(f.later == 0);
}
