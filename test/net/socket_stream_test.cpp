#include "socket_stream.hpp"

#include <array>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <catch2/catch.hpp>
#include <numeric>

#include "support/stream_pair.hpp"
#include "support/temporary_directory.hpp"
#include "waypost/async/task_group.hpp"

using namespace waypost;
using namespace boost::asio::experimental::awaitable_operators;
using waypost::test::finish;
using waypost::test::read_exactly;
using waypost::test::read_to_end;
using waypost::test::settle;

namespace {

/// The same tests hold for both kinds of socket.
struct fixture {
    test::temporary_directory directory;
    boost::asio::io_context loop;
    async::real_clock clock;
    test::stream_pair ends;
    explicit fixture(bool tcp)
        : ends(tcp ? test::tcp_pair(loop, clock) : test::unix_pair(loop, clock, directory / "socket")) {}
};

std::string noise(std::size_t size) {
    std::string bytes(size, '\0');
    unsigned state = 7;
    for (char& each : bytes) {
        state = state * 1664525U + 1013904223U;
        each = static_cast<char>(state >> 24U);
    }
    return bytes;
}

async::awaitable<bool> write_all(net::stream& stream, std::vector<std::string_view> parts) {
    std::vector<boost::asio::const_buffer> buffers;
    for (const std::string_view part : parts) buffers.emplace_back(part.data(), part.size());
    co_return (co_await stream.write(buffers)).has_value();
}

async::awaitable<> read_once(net::stream& stream, std::optional<base::result<std::size_t>>& into) {
    char piece[64];
    into = co_await stream.read_some(piece);
}

}  // namespace

TEST_CASE("what one end writes the other end reads", "[net][socket_stream]") {
    fixture f(GENERATE(true, false));
    CHECK(finish(f.loop, f.ends.client->write("EHLO here\r\n")).has_value());
    CHECK(finish(f.loop, read_exactly(*f.ends.server, 11)) == "EHLO here\r\n");
    CHECK(finish(f.loop, f.ends.server->write("250 ok\r\n")).has_value());
    CHECK(finish(f.loop, read_exactly(*f.ends.client, 8)) == "250 ok\r\n");
}

TEST_CASE("a gathered write that is larger than the socket's buffer comes whole and in order", "[net][socket_stream]") {
    const bool tcp = GENERATE(true, false);
    fixture f(tcp);
    const std::string body = noise(tcp ? 24U << 20 : 3U << 20);
    bool written = false;
    async::task_group group(f.loop.get_executor());
    const auto write = [](net::stream& stream, std::string_view text, bool& done) -> async::awaitable<> {
        done = co_await write_all(stream, {"first", "", text, "", "last"});
    };
    group.start(write(*f.ends.client, body, written));
    settle(f.loop);
    CHECK_FALSE(written);  // nobody has read yet
    const std::string got = finish(f.loop, read_exactly(*f.ends.server, body.size() + 9));
    test::run_until(f.loop, [&] { return group.size() == 0; });
    CHECK(written);
    CHECK(got.size() == body.size() + 9);
    CHECK(got == "first" + body + "last");
}

TEST_CASE("a write goes on at the right byte wherever the socket's buffer was full", "[net][socket_stream]") {
    // Parts of many sizes, so that the first system call ends within, before and behind a part.
    for (const std::size_t size : {70'001U, 120'000U, 212'992U, 212'993U, 300'007U}) {
        CAPTURE(size);
        fixture f(false);
        const std::string text = noise(3 * size);
        const std::string_view all = text;
        std::string got;
        const auto both = [](net::stream& stream, net::stream& from, std::string_view whole, std::size_t part,
                             std::string& value) -> async::awaitable<> {
            auto [written, read] = co_await (
                write_all(stream, {whole.substr(0, part), whole.substr(part, part), whole.substr(2 * part)}) &&
                read_exactly(from, whole.size()));
            CHECK(written);
            value = std::move(read);
        };
        finish(f.loop, both(*f.ends.client, *f.ends.server, all, size, got));
        CHECK(got == text);
    }
}

TEST_CASE("nothing at all can be written", "[net][socket_stream]") {
    fixture f(GENERATE(true, false));
    CHECK(finish(f.loop, f.ends.client->write("")).has_value());
    CHECK(finish(f.loop, write_all(*f.ends.client, {})));
    CHECK(finish(f.loop, write_all(*f.ends.client, {"", ""})));
    CHECK(finish(f.loop, f.ends.client->write("x")).has_value());
    CHECK(finish(f.loop, read_exactly(*f.ends.server, 1)) == "x");
}

TEST_CASE("an orderly end of the peer is the end of the stream, after all that it wrote", "[net][socket_stream]") {
    fixture f(GENERATE(true, false));
    CHECK(finish(f.loop, f.ends.client->write("QUIT\r\n")).has_value());
    f.ends.client->close();
    CHECK(finish(f.loop, read_exactly(*f.ends.server, 6)) == "QUIT\r\n");
    char piece[16];
    const auto end = finish(f.loop, f.ends.server->read_some(piece));
    REQUIRE(end.has_error());
    CHECK(end.error() == net::errc::end_of_stream);
}

TEST_CASE("a peer that has vanished is an error of the writer and no signal", "[net][socket_stream]") {
    fixture f(GENERATE(true, false));
    f.ends.server->close();
    const std::string text = noise(1U << 20);
    bool failed = false;
    for (int i = 0; i < 10 && !failed; ++i) failed = finish(f.loop, f.ends.client->write(text)).has_error();
    CHECK(failed);
}

TEST_CASE("cancel makes a waiting reader time out", "[net][socket_stream]") {
    fixture f(GENERATE(true, false));
    std::optional<base::result<std::size_t>> got;
    async::task_group group(f.loop.get_executor());
    group.start(read_once(*f.ends.server, got));
    settle(f.loop);
    CHECK_FALSE(got);
    f.ends.server->cancel();
    test::run_until(f.loop, [&] { return got.has_value(); });
    REQUIRE(got->has_error());
    CHECK(got->error() == net::errc::timed_out);
    SECTION("and last words can still be written") {
        CHECK(finish(f.loop, f.ends.server->write("421 too late\r\n")).has_value());
        CHECK(finish(f.loop, read_exactly(*f.ends.client, 14)) == "421 too late\r\n");
    }
}

TEST_CASE("cancel makes a waiting writer time out", "[net][socket_stream]") {
    const bool tcp = GENERATE(true, false);
    fixture f(tcp);
    const std::string text = noise(tcp ? 24U << 20 : 3U << 20);
    std::optional<base::result<>> done;
    const auto write = [](net::stream& stream, std::string_view bytes,
                          std::optional<base::result<>>& into) -> async::awaitable<> {
        into = co_await stream.write(bytes);
    };
    async::task_group group(f.loop.get_executor());
    group.start(write(*f.ends.client, text, done));
    settle(f.loop);
    CHECK_FALSE(done);
    f.ends.client->cancel();
    test::run_until(f.loop, [&] { return done.has_value(); });
    REQUIRE(done->has_error());
    CHECK(done->error() == net::errc::timed_out);
}

TEST_CASE("a coroutine that waits on a stream can be cancelled", "[net][socket_stream]") {
    fixture f(GENERATE(true, false));
    std::optional<base::result<std::size_t>> got;
    async::task_group group(f.loop.get_executor());
    group.start(read_once(*f.ends.server, got));
    settle(f.loop);
    finish(f.loop, group.stop());
    CHECK(group.size() == 0);
}

TEST_CASE("a stream may be closed twice, and is at its end afterwards", "[net][socket_stream]") {
    fixture f(GENERATE(true, false));
    f.ends.client->close();
    f.ends.client->close();
    f.ends.client->cancel();
    CHECK(finish(f.loop, f.ends.client->write("x")).has_error());
    char piece[4];
    CHECK(finish(f.loop, f.ends.client->read_some(piece)).has_error());
}

TEST_CASE("both ends of a TCP stream know each other's addresses", "[net][socket_stream]") {
    fixture f(true);
    REQUIRE(f.ends.server->peer());
    REQUIRE(f.ends.client->peer());
    CHECK(f.ends.server->peer() == f.ends.client->local());
    CHECK(f.ends.client->peer() == f.ends.server->local());
    CHECK(f.ends.client->peer()->ip.is_loopback());
}

TEST_CASE("a Unix socket has no addresses", "[net][socket_stream]") {
    fixture f(false);
    CHECK_FALSE(f.ends.server->peer());
    CHECK_FALSE(f.ends.server->local());
    CHECK_FALSE(f.ends.client->peer());
    CHECK_FALSE(f.ends.client->local());
}

TEST_CASE("the errors of streams have words", "[net][socket_stream]") {
    for (const auto value : {net::errc::end_of_stream, net::errc::timed_out, net::errc::tls_failed,
                             net::errc::certificate_refused, net::errc::no_such_family}) {
        const base::error_code code = value;
        CHECK(code.category().name() == std::string("net"));
        CHECK(code.message() != "unknown");
        CHECK_FALSE(code.message().empty());
    }
}
