#include "waypost/net/connect.hpp"

#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>

#include "support/stream_pair.hpp"
#include "support/temporary_directory.hpp"
#include "support/virtual_clock.hpp"
#include "waypost/async/task_group.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using waypost::test::finish;
using waypost::test::loopback;

namespace {

using connected = base::result<std::unique_ptr<net::stream>>;

async::awaitable<> connect_into(net::endpoint endpoint, async::clock& time, async::duration limit,
                                std::optional<connected>& into) {
    into = co_await net::connect_tcp(endpoint, std::nullopt, time, limit);
}

/// A listener whose queue is full: the kernel drops who comes then, so a connect() to it hangs.
struct deaf_host {
    boost::asio::ip::tcp::acceptor listening;
    std::vector<boost::asio::ip::tcp::socket> queue;

    explicit deaf_host(boost::asio::io_context& loop) : listening(loop) {
        listening.open(boost::asio::ip::tcp::v4());
        listening.bind({boost::asio::ip::make_address("127.0.0.1"), 0});
        listening.listen(0);
        for (int i = 0; i < 3; ++i) {
            queue.emplace_back(loop);
            queue.back().open(boost::asio::ip::tcp::v4());
            queue.back().native_non_blocking(true);
            const auto where = listening.local_endpoint();  // Asio's own connect() would wait
            static_cast<void>(
                ::connect(queue.back().native_handle(), where.data(), static_cast<socklen_t>(where.size())));
        }
    }
    [[nodiscard]] net::endpoint where() const { return loopback(listening.local_endpoint().port()); }
};

}  // namespace

TEST_CASE("a connection comes from the source that was asked for", "[net][connect]") {
    boost::asio::io_context loop;
    async::real_clock clock;
    auto listening = net::acceptor::tcp(loop.get_executor(), loopback());
    const auto source = boost::asio::ip::make_address("127.0.0.2");
    const auto client = finish(loop, net::connect_tcp(*listening.local(), source, clock, 10s));
    REQUIRE(client.has_value());
    CHECK((*client)->local()->ip == source);
    CHECK((*client)->peer() == listening.local());
    const auto server = finish(loop, listening.accept());
    REQUIRE(server.has_value());
    CHECK((*server)->peer()->ip == source);
}

TEST_CASE("a source of the other family is refused before anything is sent", "[net][connect]") {
    boost::asio::io_context loop;
    async::real_clock clock;
    auto listening = net::acceptor::tcp(loop.get_executor(), loopback());
    const auto got =
        finish(loop, net::connect_tcp(*listening.local(), boost::asio::ip::make_address("::1"), clock, 10s));
    REQUIRE(got.has_error());
    CHECK(got.error() == net::errc::no_such_family);
}

TEST_CASE("a source that is not this machine's is an error", "[net][connect]") {
    boost::asio::io_context loop;
    async::real_clock clock;
    const auto got =
        finish(loop, net::connect_tcp(loopback(1), boost::asio::ip::make_address("192.0.2.7"), clock, 10s));
    CHECK(got.has_error());
}

TEST_CASE("a port where nobody listens refuses", "[net][connect]") {
    boost::asio::io_context loop;
    async::real_clock clock;
    auto listening = net::acceptor::tcp(loop.get_executor(), loopback());
    const auto where = *listening.local();
    listening.close();
    const auto got = finish(loop, net::connect_tcp(where, std::nullopt, clock, 10s));
    REQUIRE(got.has_error());
    CHECK(got.error() == boost::asio::error::connection_refused);
}

TEST_CASE("a host that never answers is given up after the limit", "[net][connect]") {
    boost::asio::io_context loop;
    test::virtual_clock clock(loop);
    const deaf_host host(loop);
    std::optional<connected> got;
    async::task_group group(loop.get_executor());
    group.start(connect_into(host.where(), clock, 30s, got));
    clock.advance(29s);
    CHECK_FALSE(got);
    clock.advance(1s);
    test::run_until(loop, [&] { return got.has_value(); });
    REQUIRE(got->has_error());
    CHECK(got->error() == net::errc::timed_out);
    CHECK(clock.sleepers() == 0);
}

TEST_CASE("a connection attempt can be cancelled", "[net][connect]") {
    boost::asio::io_context loop;
    test::virtual_clock clock(loop);
    const deaf_host host(loop);
    std::optional<connected> got;
    async::task_group group(loop.get_executor(), [](std::exception_ptr) { FAIL("a cancellation is no bug"); });
    group.start(connect_into(host.where(), clock, 30s, got));
    SECTION("while it waits") { clock.settle(); }
    SECTION("when it has just begun") {}
    finish(loop, group.stop());
    CHECK(group.size() == 0);
    CHECK(clock.sleepers() == 0);
}

TEST_CASE("the timer of a connection that was made is gone", "[net][connect]") {
    boost::asio::io_context loop;
    test::virtual_clock clock(loop);
    auto listening = net::acceptor::tcp(loop.get_executor(), loopback());
    const auto got = finish(loop, net::connect_tcp(*listening.local(), std::nullopt, clock, 30s));
    CHECK(got.has_value());
    CHECK(clock.sleepers() == 0);
}

TEST_CASE("a Unix socket that is not there, or that cannot be, is an error", "[net][connect]") {
    test::temporary_directory directory;
    boost::asio::io_context loop;
    async::real_clock clock;
    CHECK(finish(loop, net::connect_unix(directory / "nobody", clock, 10s)).has_error());
    const auto too_long = finish(loop, net::connect_unix(directory / std::string(200, 'x'), clock, 10s));
    REQUIRE(too_long.has_error());
    CHECK(too_long.error() == boost::asio::error::name_too_long);
}
