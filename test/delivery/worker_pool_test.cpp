#include "worker_pool.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "errc.hpp"
#include "fake_workers.hpp"
#include "support/captured_stderr.hpp"
#include "support/run_until.hpp"
#include "support/virtual_clock.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using delivery::errc;
using delivery::identity;
using delivery::job;
using test::fake_workers;
using test::finish;

namespace {

job named(const std::string& path) {
    job made;
    made.path = path;
    return made;
}

struct fixture {
    test::captured_stderr output;
    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    observe::log log{{.format = observe::log_format::text, .lowest = observe::level::debug}};
    async::thread_pool io{2};
    fake_workers fakes;
    test::gate gate;
    delivery::worker_pool workers;
    async::task_group clients{loop.get_executor()};
    std::vector<std::string> done;
    std::vector<base::error_code> failed;

    explicit fixture(delivery::worker_limits limits = {.at_once = 4, .of_one = 2})
        : workers(loop.get_executor(), {.clock = clock, .log = log, .io = io}, limits, fakes.starter()) {}
    ~fixture() {
        try {
            gate.open();
            finish(loop, clients.stop());
            finish(loop, workers.stop());
            fakes.join();
            io.join();
            CHECK(workers.places_taken() == 0);
            CHECK(fakes.alive() == 0);
        } catch (const std::exception& hangs) {
            FAIL_CHECK("the delivery workers do not stop: " << hangs.what());
        }
    }

    async::awaitable<> ask(unsigned uid, std::string path) {
        auto worker = co_await workers.acquire({uid, uid});
        if (worker.has_error()) {
            failed.push_back(worker.error());
            co_return;
        }
        const auto answer = co_await worker->act(named(path), nullptr);
        if (answer.has_error()) {
            failed.push_back(answer.error());
        } else {
            done.push_back(path);
        }
    }
    void start(unsigned uid, const std::string& path) { clients.start(ask(uid, path)); }
    void until(const std::function<bool()>& holds) { test::run_until(loop, holds); }
    void all_wait_at_the_gate() {
        fakes.act = [this](const fake_workers::seen&) {
            gate.pass();
            return fake_workers::answer{};
        };
    }
};

}  // namespace

TEST_CASE("a delivery worker serves one job after the other", "[delivery][delivery workers]") {
    fixture f;
    for (int i = 0; i < 5; ++i) {
        f.start(10, std::to_string(i));
        f.until([&] { return f.done.size() == static_cast<std::size_t>(i + 1); });
    }
    CHECK(f.fakes.started() == 1);
    CHECK(f.fakes.jobs().at(3).what.path == "3");
    CHECK(f.fakes.jobs().at(3).who == identity{10, 10});
}

TEST_CASE("nobody works with a delivery worker of another identity", "[delivery][delivery workers]") {
    fixture f;
    const auto act = [&](identity user) {
        return [](fixture& in, identity identity) -> async::awaitable<> {
            auto worker = co_await in.workers.acquire(identity);
            static_cast<void>(co_await worker->act(named("x"), nullptr));
        }(f, user);
    };
    finish(f.loop, act({10, 10}));
    finish(f.loop, act({11, 10}));
    finish(f.loop, act({10, 11}));
    CHECK(f.fakes.started() == 3);
    for (const auto& each : f.fakes.jobs()) CHECK(each.what.path == "x");
}

TEST_CASE("one identity has so many delivery workers, and others are served beside it",
          "[delivery][delivery workers]") {
    fixture f;
    f.all_wait_at_the_gate();
    for (int i = 0; i < 6; ++i) f.start(10, "x");
    f.until([&] { return f.gate.waiting() == 2; });
    f.start(11, "other");
    f.until([&] { return f.gate.waiting() == 3; });
    f.gate.open();
    f.until([&] { return f.done.size() == 7; });
    CHECK(f.fakes.most_alive_of(10) == 2);
}

TEST_CASE("the jobs of one identity wait in their order", "[delivery][delivery workers]") {
    fixture f({.at_once = 4, .of_one = 1});
    const std::vector<std::string> order = {"1", "2", "3", "4", "5", "6"};
    for (const std::string& each : order) f.start(10, each);
    f.until([&] { return f.done.size() == 6; });
    CHECK(f.done == order);
}

TEST_CASE("there are never more delivery workers than the limit, and every identity gets its turn",
          "[delivery][delivery workers]") {
    fixture f;
    for (unsigned uid = 0; uid < 20; ++uid) {
        for (int i = 0; i < 10; ++i) f.start(uid, std::to_string(uid));
    }
    f.until([&] { return f.done.size() == 200; });
    CHECK(f.fakes.most_alive() <= 4);
    CHECK(f.failed.empty());
}

TEST_CASE("an idle delivery worker gives its place to another identity", "[delivery][delivery workers]") {
    fixture f({.at_once = 1, .of_one = 1});
    f.start(10, "a");
    f.until([&] { return f.done.size() == 1; });
    CHECK(f.workers.places_taken() == 1);
    f.start(11, "b");
    f.until([&] { return f.done.size() == 2; });
    CHECK(f.fakes.most_alive() == 1);
}

TEST_CASE("a delivery worker that was busy for long leaves when others lack its place",
          "[delivery][delivery workers]") {
    fixture f({.at_once = 1, .of_one = 1});
    f.fakes.act = [&](const fake_workers::seen& asked) {
        if (asked.what.path == "0") f.gate.pass();
        return fake_workers::answer{};
    };
    for (int i = 0; i < 3; ++i) f.start(10, std::to_string(i));
    f.until([&] { return f.gate.waiting() == 1; });
    f.start(11, "other");
    test::settle(f.loop);
    SECTION("it is young, and does its own first") {
        f.gate.open();
        f.until([&] { return f.done.size() == 4; });
        CHECK(f.done == std::vector<std::string>{"0", "1", "2", "other"});
    }
    SECTION("it is not young any more") {
        f.clock.advance(3s);
        f.gate.open();
        f.until([&] { return f.done.size() == 4; });
        CHECK(f.done == std::vector<std::string>{"0", "other", "1", "2"});
    }
}

TEST_CASE("an idle delivery worker ends after a while", "[delivery][delivery workers]") {
    fixture f;
    f.start(10, "a");
    f.until([&] { return f.done.size() == 1; });
    f.clock.advance(9s);
    test::settle(f.loop);
    CHECK(f.workers.places_taken() == 1);
    f.clock.advance(4s);
    f.until([&] { return f.workers.places_taken() == 0; });
    CHECK(f.fakes.alive() == 0);
}

TEST_CASE("a delivery worker that dies takes its job with it and nothing else", "[delivery][delivery workers]") {
    fixture f;
    f.fakes.act = [](const fake_workers::seen& asked) -> std::optional<fake_workers::answer> {
        if (asked.what.path == "dies") return std::nullopt;
        return fake_workers::answer{};
    };
    f.start(10, "dies");
    f.start(10, "lives");
    f.start(10, "too");
    f.until([&] { return f.done.size() + f.failed.size() == 3; });
    CHECK(f.failed == std::vector<base::error_code>{errc::worker_lost});
}

TEST_CASE("an answer that is none ends the delivery worker that gave it", "[delivery][delivery workers]") {
    fixture f;
    const std::string raw =
        GENERATE(as<std::string>(), std::string(4, '\xff'), std::string("\0\0\0\1x", 5), std::string("\0\0\0\0", 4));
    f.fakes.act = [&](const fake_workers::seen& asked) {
        fake_workers::answer said;
        if (asked.what.path == "lies") said.raw = raw;
        return said;
    };
    f.start(10, "lies");
    f.until([&] { return f.failed.size() == 1; });
    CHECK(f.failed.front() == errc::bad_answer);
    f.start(10, "x");
    f.until([&] { return f.done.size() == 1; });
    CHECK(f.fakes.started() == 2);
}

TEST_CASE("a delivery worker that gives more than was asked for is not listened to", "[delivery][delivery workers]") {
    fixture f;
    f.fakes.act = [](const fake_workers::seen&) { return fake_workers::answer{.text = "unasked"}; };
    f.start(10, "x");
    f.until([&] { return f.failed.size() == 1; });
    CHECK(f.failed.front() == errc::bad_answer);
}

TEST_CASE("a delivery worker that says nothing is given up on after the time of its job",
          "[delivery][delivery workers]") {
    fixture f;
    f.fakes.hangs = true;
    f.start(10, "x");
    f.until([&] { return f.fakes.jobs().size() == 1; });
    f.clock.advance(329s);
    test::settle(f.loop);
    CHECK(f.failed.empty());
    f.clock.advance(4s);
    f.until([&] { return f.failed.size() == 1; });
    CHECK(f.failed.front() == errc::worker_silent);
    f.until([&] { return f.workers.places_taken() == 0; });
}

TEST_CASE("where no delivery worker can be started the job is told so, and so is every one behind it",
          "[delivery][delivery workers]") {
    fixture f({.at_once = 1, .of_one = 1});
    f.fakes.refuses_to_start = boost::system::errc::make_error_code(boost::system::errc::not_enough_memory);
    for (int i = 0; i < 3; ++i) f.start(10, "x");
    f.start(11, "y");
    f.until([&] { return f.failed.size() == 4; });
    CHECK(f.workers.places_taken() == 0);
    f.fakes.refuses_to_start = {};
    f.start(10, "x");
    f.until([&] { return f.done.size() == 1; });
}

TEST_CASE("whoever stops waiting leaves his place in the line to the next", "[delivery][delivery workers]") {
    fixture f({.at_once = 1, .of_one = 1});
    f.all_wait_at_the_gate();
    f.start(10, "first");
    f.until([&] { return f.gate.waiting() == 1; });
    {
        async::task_group impatient(f.loop.get_executor());
        for (int i = 0; i < 3; ++i) impatient.start(f.ask(10, "never"));
        for (unsigned uid = 20; uid < 23; ++uid) impatient.start(f.ask(uid, "never"));
        test::settle(f.loop);
        f.start(10, "second");
        f.start(30, "third");
        test::settle(f.loop);
        finish(f.loop, impatient.stop());
    }
    f.gate.open();
    f.until([&] { return f.done.size() == 3; });
    CHECK(f.fakes.jobs().size() == 3);
}

TEST_CASE("a job that is given up on ends its delivery worker", "[delivery][delivery workers]") {
    fixture f;
    f.fakes.hangs = true;
    {
        async::task_group impatient(f.loop.get_executor());
        impatient.start(f.ask(10, "x"));
        f.until([&] { return f.fakes.jobs().size() == 1; });
        finish(f.loop, impatient.stop());
    }
    f.until([&] { return f.workers.places_taken() == 0; });
    CHECK(f.done.empty());
}

TEST_CASE("whatever comes and goes, no place is lost and no limit broken", "[delivery][delivery workers]") {
    const auto seed = GENERATE(range(0U, 8U));
    fixture f({.at_once = 3, .of_one = 2});
    f.fakes.act = [](const fake_workers::seen& asked) -> std::optional<fake_workers::answer> {
        if (asked.what.path == "dies") return std::nullopt;
        return fake_workers::answer{};
    };
    std::mt19937 random(seed);
    std::vector<std::unique_ptr<async::task_group>> groups;
    std::size_t asked = 0;
    for (int round = 0; round < 60; ++round) {
        switch (random() % 4) {
            case 0: groups.push_back(std::make_unique<async::task_group>(f.loop.get_executor())); break;
            case 1: test::settle(f.loop); break;
            case 2:
                if (!groups.empty()) finish(f.loop, groups[random() % groups.size()]->stop());
                break;
            default: break;
        }
        ++asked;
        auto work = f.ask(random() % 5, random() % 5 == 0 ? "dies" : "x");
        if (groups.empty() || random() % 2 == 0) {
            f.clients.start(std::move(work));
        } else {
            groups.back()->start(std::move(work));
        }
    }
    for (auto& each : groups) finish(f.loop, each->stop());
    f.until([&] { return f.clients.size() == 0; });
    CHECK(f.done.size() + f.failed.size() <= asked);
    CHECK(f.fakes.most_alive() <= 3);
    for (unsigned uid = 0; uid < 5; ++uid) CHECK(f.fakes.most_alive_of(uid) <= 2);
    f.start(1, "last");
    f.until([&] { return !f.done.empty() && f.done.back() == "last"; });
}

TEST_CASE("strangers who name many users take two threads to start their delivery workers, and no more",
          "[delivery][delivery workers]") {
    std::atomic<int> starting = 0;
    std::atomic<int> most = 0;
    test::gate gate;
    boost::asio::io_context loop;
    test::virtual_clock clock(loop);
    test::captured_stderr output;
    observe::log log{{.format = observe::log_format::text, .lowest = observe::level::debug}};
    async::thread_pool io{6};
    fake_workers fakes;
    delivery::worker_pool workers(loop.get_executor(), {.clock = clock, .log = log, .io = io},
                                  {.at_once = 9, .of_one = 2}, [&, begin = fakes.starter()](identity identity) {
                                      most = std::max(most.load(), ++starting);
                                      gate.pass();
                                      --starting;
                                      return begin(identity);
                                  });
    async::task_group clients(loop.get_executor());
    std::size_t worker_lease = 0;
    const auto acquire = [](delivery::worker_pool& from, unsigned uid, std::size_t& count) -> async::awaitable<> {
        const auto worker = co_await from.acquire({uid, uid});
        count += worker.has_value() ? 1 : 0;
    };
    for (unsigned uid = 1; uid <= 8; ++uid) clients.start(acquire(workers, uid, worker_lease));
    test::run_until(loop, [&] { return gate.waiting() == 2; });
    test::settle(loop);
    CHECK(gate.waiting() == 2);
    gate.open();
    test::run_until(loop, [&] { return worker_lease == 8; });
    CHECK(most == 2);
    finish(loop, clients.stop());
    finish(loop, workers.stop());
    fakes.join();
    io.join();
}
