#include "waypost/net/acceptor.hpp"

#include <sys/socket.h>
#include <sys/stat.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <catch2/catch.hpp>
#include <filesystem>

#include "support/stream_pair.hpp"
#include "support/temporary_directory.hpp"
#include "waypost/async/task_group.hpp"

using namespace waypost;
using Catch::Matchers::Contains;
using waypost::test::finish;
using waypost::test::loopback;
using waypost::test::settle;

namespace {

using accepted = base::result<std::unique_ptr<net::stream>>;

async::awaitable<> accept_into(net::acceptor& at, std::optional<accepted>& into) { into = co_await at.accept(); }

mode_t mode_of(const std::string& path) {
    struct stat found{};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    return found.st_mode & 07777U;
}

}  // namespace

TEST_CASE("where port 0 is asked for the acceptor says which one it has", "[net][acceptor]") {
    boost::asio::io_context loop;
    auto listening = net::acceptor::tcp(loop.get_executor(), loopback());
    REQUIRE(listening.local());
    CHECK(listening.local()->ip.to_string() == "127.0.0.1");
    CHECK(listening.local()->port != 0);
}

TEST_CASE("an address that is taken is named in the fault", "[net][acceptor]") {
    boost::asio::io_context loop;
    const auto first = net::acceptor::tcp(loop.get_executor(), loopback());
    const auto where = *first.local();
    CHECK_THROWS_WITH(net::acceptor::tcp(loop.get_executor(), where), Contains(net::to_string(where)));
    CHECK_THROWS_WITH(net::acceptor::tcp(loop.get_executor(), {boost::asio::ip::make_address("192.0.2.1"), 0}),
                      Contains("192.0.2.1:0"));
}

TEST_CASE("IPv4 and IPv6 listen side by side on one port", "[net][acceptor]") {
    boost::asio::io_context loop;
    std::optional<net::acceptor> six;
    try {
        six.emplace(net::acceptor::tcp(loop.get_executor(), {boost::asio::ip::make_address("::"), 0}));
    } catch (const std::runtime_error&) {
        WARN("this machine has no IPv6");
        return;
    }
    const auto four =
        net::acceptor::tcp(loop.get_executor(), {boost::asio::ip::make_address("0.0.0.0"), six->local()->port});
    CHECK(four.local()->port == six->local()->port);
}

TEST_CASE("clients are accepted in the order in which they came", "[net][acceptor]") {
    boost::asio::io_context loop;
    async::real_clock clock;
    auto listening = net::acceptor::tcp(loop.get_executor(), loopback());
    const auto one = finish(loop, test::connect_both(listening, clock));
    const auto two = finish(loop, test::connect_both(listening, clock));
    CHECK(one.server->peer() == one.client->local());
    CHECK(two.server->peer() == two.client->local());
    CHECK(two.server->local()->port == listening.local()->port);
}

TEST_CASE("a client that has gone before it was accepted is no error of the acceptor", "[net][acceptor]") {
    boost::asio::io_context loop;
    async::real_clock clock;
    auto listening = net::acceptor::tcp(loop.get_executor(), loopback());
    {
        boost::asio::ip::tcp::socket hasty(loop);
        hasty.connect({listening.local()->ip, listening.local()->port});
        hasty.set_option(boost::asio::socket_base::linger(true, 0));  // so that close() resets
    }
    const auto client =
        finish(loop, net::connect_tcp(*listening.local(), std::nullopt, clock, std::chrono::seconds(10)));
    // Whether the hasty one is passed over or comes as a stream at its end depends on the system.
    auto got = finish(loop, listening.accept());
    REQUIRE(got.has_value());
    if ((*got)->peer() != (*client)->local()) {
        char piece[4];
        CHECK(finish(loop, (*got)->read_some(piece)).has_error());
        got = finish(loop, listening.accept());
        REQUIRE(got.has_value());
    }
    CHECK((*got)->peer() == (*client)->local());
}

TEST_CASE("an acceptor that is closed ends who waits for clients", "[net][acceptor]") {
    boost::asio::io_context loop;
    auto listening = net::acceptor::tcp(loop.get_executor(), loopback());
    std::optional<accepted> got;
    async::task_group group(loop.get_executor());
    group.start(accept_into(listening, got));
    settle(loop);
    CHECK_FALSE(got);
    listening.close();
    test::run_until(loop, [&] { return got.has_value(); });
    CHECK(got->has_error());
    CHECK_FALSE(listening.local());
}

TEST_CASE("who waits for clients can be cancelled, and the acceptor goes on", "[net][acceptor]") {
    boost::asio::io_context loop;
    async::real_clock clock;
    auto listening = net::acceptor::tcp(loop.get_executor(), loopback());
    std::optional<accepted> got;
    async::task_group group(loop.get_executor());
    group.start(accept_into(listening, got));
    settle(loop);
    finish(loop, group.stop());
    CHECK(finish(loop, test::connect_both(listening, clock)).server != nullptr);
}

TEST_CASE("a Unix socket has the mode that was asked for, whatever the umask", "[net][acceptor]") {
    test::temporary_directory directory;
    boost::asio::io_context loop;
    const std::string path = directory / "socket";
    const mode_t before = ::umask(077);
    const unsigned mode = GENERATE(0666U, 0600U, 0660U);
    auto listening = net::acceptor::unix_socket(loop.get_executor(), path, mode);
    ::umask(before);
    CHECK(mode_of(path) == mode);
    CHECK_FALSE(listening.local());
}

TEST_CASE("the file of a Unix socket goes with its acceptor", "[net][acceptor]") {
    test::temporary_directory directory;
    boost::asio::io_context loop;
    const std::string path = directory / "socket";
    {
        auto listening = net::acceptor::unix_socket(loop.get_executor(), path, 0600);
        const net::acceptor moved(std::move(listening));
        CHECK(std::filesystem::exists(path));
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a socket file that nobody listens on is replaced", "[net][acceptor]") {
    test::temporary_directory directory;
    boost::asio::io_context loop;
    async::real_clock clock;
    const std::string path = directory / "socket";
    {
        // A process that died leaves its file behind.
        boost::asio::local::stream_protocol::acceptor dead(loop, boost::asio::local::stream_protocol::endpoint(path));
    }
    REQUIRE(std::filesystem::exists(path));
    auto listening = net::acceptor::unix_socket(loop.get_executor(), path, 0600);
    CHECK(finish(loop, test::connect_both(listening, clock, path)).server != nullptr);
}

TEST_CASE("a socket file that somebody listens on is left alone", "[net][acceptor]") {
    test::temporary_directory directory;
    boost::asio::io_context loop;
    async::real_clock clock;
    const std::string path = directory / "socket";
    auto live = net::acceptor::unix_socket(loop.get_executor(), path, 0600);
    CHECK_THROWS_WITH(net::acceptor::unix_socket(loop.get_executor(), path, 0600),
                      Contains(path) && Contains("another process"));
    CHECK(finish(loop, test::connect_both(live, clock, path)).server != nullptr);
}

TEST_CASE("a file that is no socket is in the way, and stays", "[net][acceptor]") {
    test::temporary_directory directory;
    boost::asio::io_context loop;
    const std::string path = directory / "file";
    SECTION("a plain file") { test::write_file(path, "precious"); }
    SECTION("a directory") { std::filesystem::create_directory(path); }
    SECTION("a link, even to a socket file") {
        test::write_file(directory / "elsewhere", "precious");
        std::filesystem::create_symlink(directory / "elsewhere", path);
    }
    CHECK_THROWS_WITH(net::acceptor::unix_socket(loop.get_executor(), path, 0600), Contains(path));
    CHECK(std::filesystem::exists(std::filesystem::symlink_status(path)));
}

TEST_CASE("a Unix socket that cannot be made is named in the fault", "[net][acceptor]") {
    test::temporary_directory directory;
    boost::asio::io_context loop;
    const std::string missing = directory / "no/such/directory/socket";
    CHECK_THROWS_WITH(net::acceptor::unix_socket(loop.get_executor(), missing, 0600), Contains(missing));
    const std::string long_path = directory / std::string(120, 'x');
    CHECK_THROWS_WITH(net::acceptor::unix_socket(loop.get_executor(), long_path, 0600), Contains(long_path));
}
