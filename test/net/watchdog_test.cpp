#include "waypost/net/watchdog.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "support/run_until.hpp"
#include "support/virtual_clock.hpp"
#include "waypost/async/task_group.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using waypost::test::finish;

namespace {

/// Knows only how often it was cancelled.
class cancelled_stream final : public net::stream {
public:
    async::awaitable<base::result<std::size_t>> read_some(std::span<char>) override { throw std::logic_error("read"); }
    async::awaitable<base::result<>> write(std::span<const boost::asio::const_buffer>) override {
        throw std::logic_error("write");
    }
    async::awaitable<base::result<net::tls_info>> start_tls_server(const net::tls_context&) override {
        throw std::logic_error("TLS");
    }
    async::awaitable<base::result<net::tls_info>> start_tls_client(const net::tls_context&,
                                                                   const std::string&) override {
        throw std::logic_error("TLS");
    }
    [[nodiscard]] std::string tls_fault() const override { return {}; }
    void cancel() override { ++cancels; }
    void end_writing() override {}
    void close() override {}
    [[nodiscard]] std::optional<net::endpoint> peer() const override { return std::nullopt; }
    [[nodiscard]] std::optional<net::endpoint> local() const override { return std::nullopt; }

    int cancels = 0;
};

struct fixture {
    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    cancelled_stream stream;
    net::watchdog dog{loop.get_executor(), stream, clock};
    async::task_group group{loop.get_executor()};

    fixture() {
        group.start(dog.run());
        clock.settle();
    }
    ~fixture() { finish(loop, group.stop()); }
};

}  // namespace

TEST_CASE("a limit that has passed cancels the stream, once", "[net][watchdog]") {
    fixture f;
    f.dog.expect_within(10s);
    f.clock.advance(9s);
    CHECK(f.stream.cancels == 0);
    CHECK_FALSE(f.dog.expired());
    f.clock.advance(1s);
    CHECK(f.stream.cancels == 1);
    CHECK(f.dog.expired());
    f.clock.advance(24h);
    CHECK(f.stream.cancels == 1);
}

TEST_CASE("without a limit nothing is ever cancelled", "[net][watchdog]") {
    fixture f;
    f.clock.advance(1000h);
    CHECK(f.stream.cancels == 0);
}

TEST_CASE("a later limit postpones the end", "[net][watchdog]") {
    fixture f;
    f.dog.expect_within(10s);
    f.clock.advance(9s);
    f.dog.expect_within(10s);
    f.clock.advance(9s);
    CHECK(f.stream.cancels == 0);
    f.clock.advance(1s);
    CHECK(f.stream.cancels == 1);
}

TEST_CASE("a sooner limit is kept although the watchdog sleeps until a later one", "[net][watchdog]") {
    fixture f;
    f.dog.expect_within(300s);
    f.clock.advance(1s);
    f.dog.expect_within(5s);
    f.clock.advance(4s);
    CHECK(f.stream.cancels == 0);
    f.clock.advance(1s);
    CHECK(f.stream.cancels == 1);
}

TEST_CASE("who pauses is not cancelled, and may set a limit again", "[net][watchdog]") {
    fixture f;
    f.dog.expect_within(10s);
    f.clock.advance(5s);
    f.dog.pause();
    f.clock.advance(1000s);
    CHECK(f.stream.cancels == 0);
    f.dog.expect_within(3s);
    f.clock.advance(2s);
    CHECK(f.stream.cancels == 0);
    f.clock.advance(1s);
    CHECK(f.stream.cancels == 1);
}

TEST_CASE("a limit for last words is kept too", "[net][watchdog]") {
    fixture f;
    f.dog.expect_within(10s);
    f.clock.advance(10s);
    CHECK(f.stream.cancels == 1);
    f.dog.expect_within(5s);
    f.clock.advance(5s);
    CHECK(f.stream.cancels == 2);
}

TEST_CASE("noting limits over and over costs no timers", "[net][watchdog]") {
    fixture f;
    f.dog.expect_within(300s);
    f.clock.settle();
    const auto sleepers = f.clock.sleepers();
    for (int i = 0; i < 1000; ++i) {
        f.dog.expect_within(300s);
        f.clock.advance(10ms);
    }
    CHECK(f.clock.sleepers() == sleepers);
    CHECK(f.stream.cancels == 0);
}

TEST_CASE("a limit of no time at all has passed at once", "[net][watchdog]") {
    fixture f;
    f.dog.expect_within(0s);
    f.clock.advance(0s);
    CHECK(f.stream.cancels == 1);
}

TEST_CASE("limits in any order are kept at the moment that counts", "[net][watchdog]") {
    // Against a model: the last limit noted is the one that counts.
    fixture f;
    unsigned state = 3;
    const auto random = [&state](unsigned below) {
        state = state * 1664525U + 1013904223U;
        return (state >> 16U) % below;
    };
    std::optional<async::time_point> due;
    int expected = 0;
    for (int step = 0; step < 3000; ++step) {
        switch (random(4)) {
            case 0: {
                const auto limit = std::chrono::seconds(1 + random(40));
                f.dog.expect_within(limit);
                due = f.clock.now() + limit;
                break;
            }
            case 1:
                if (random(4) == 0) {
                    f.dog.pause();
                    due.reset();
                }
                break;
            default: f.clock.advance(std::chrono::seconds(random(20))); break;
        }
        if (due && f.clock.now() >= *due) {
            ++expected;
            due.reset();
        }
        REQUIRE(f.stream.cancels == expected);
    }
    CHECK(expected > 100);
}
