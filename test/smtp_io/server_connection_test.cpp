#include "waypost/smtp_io/server_connection.hpp"

#include <catch2/catch.hpp>

#include "support/stream_pair.hpp"
#include "support/virtual_clock.hpp"
#include "waypost/async/task_group.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using smtp_io::client_line;
using test::finish;

namespace {

struct fixture {
    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    async::real_clock real;
    smtp_io::server_time_limits limits;
    test::stream_pair ends = test::tcp_pair(loop, real);
    smtp_io::server_connection connection{loop.get_executor(), std::move(ends.server), clock, limits, 0};
    async::task_group side_tasks{loop.get_executor()};

    fixture() { side_tasks.start(connection.keep_time()); }
    ~fixture() {
        finish(loop, side_tasks.stop());
        connection.close();
    }

    void send(std::string_view bytes) { REQUIRE(finish(loop, ends.client->write(bytes)).has_value()); }
    std::optional<client_line> next() { return finish(loop, connection.next_line()); }
    std::string received() {
        connection.close();
        return finish(loop, test::read_to_end(*ends.client));
    }
    /// Waits beside the test for a line that does not come.
    std::shared_ptr<bool> wait_for_end() {
        auto has_ended = std::make_shared<bool>(false);
        const auto wait = [](smtp_io::server_connection& on, std::shared_ptr<bool> done) -> async::awaitable<> {
            *done = !(co_await on.next_line()).has_value();
        };
        side_tasks.start(wait(connection, has_ended));
        return has_ended;
    }
};

}  // namespace

TEST_CASE("lines come one by one, and each says whether input follows", "[smtp_io][server_connection]") {
    fixture f;
    f.send("NOOP\r\nRSET\r\n");
    const auto first = f.next();
    REQUIRE(first);
    CHECK(first->text == "NOOP");
    CHECK(first->input_follows);
    const auto second = f.next();
    REQUIRE(second);
    CHECK(second->text == "RSET");
    CHECK_FALSE(second->input_follows);
}

TEST_CASE("replies leave together, before the next wait for input", "[smtp_io][server_connection]") {
    fixture f;
    f.connection.reply({250, "one"});
    f.connection.reply({250, "two"});
    f.send("QUIT\r\n");
    REQUIRE(f.next());
    CHECK(finish(f.loop, test::read_exactly(*f.ends.client, 18)) == "250 one\r\n250 two\r\n");
}

TEST_CASE("a line that is none is told from one that is", "[smtp_io][server_connection]") {
    fixture f;
    const auto [input, kind] = GENERATE(table<std::string, client_line::kind>(
        {{"NOOP\n", client_line::kind::bare},
         {std::string(20'000, 'x') + "\r\n", client_line::kind::too_long},
         {std::string("\x16\x03\x01\x00\xa5", 5), client_line::kind::tls_hello}}));
    f.send(input);
    const auto line = f.next();
    REQUIRE(line);
    CHECK(line->type == kind);
}

TEST_CASE("a line without an end is not heard for ever", "[smtp_io][server_connection]") {
    fixture f;
    std::optional<client_line> line;
    const auto wait = [](smtp_io::server_connection& on, std::optional<client_line>& got) -> async::awaitable<> {
        got = co_await on.next_line();
    };
    f.side_tasks.start(wait(f.connection, line));
    for (int i = 0; i < 40 && !line; ++i) f.send(std::string(65'536, 'x'));
    test::run_until(f.loop, [&] { return line.has_value(); });
    CHECK(line->type == client_line::kind::without_end);
}

TEST_CASE("a client that sends nothing is waited for as long as a command may take", "[smtp_io][server_connection]") {
    fixture f;
    const auto has_ended = f.wait_for_end();
    test::run_until(f.loop, [&] { return f.clock.sleepers() != 0; });
    f.clock.advance(299s);
    CHECK_FALSE(*has_ended);
    f.clock.advance(2s);
    test::run_until(f.loop, [&] { return *has_ended; });
    CHECK(f.connection.has_timed_out());
    CHECK(f.connection.end_reason() == "timeout");
}

TEST_CASE("a client that waits for its next command is told at once that the server stops",
          "[smtp_io][server_connection]") {
    fixture f;
    const auto has_ended = f.wait_for_end();
    f.loop.poll();
    f.connection.end_soon();
    test::run_until(f.loop, [&] { return *has_ended; });
    CHECK(f.connection.is_ending());
    CHECK_FALSE(f.connection.has_said_last());
    CHECK(f.connection.may_speak_at_shutdown());
    f.connection.last_reply({421, "4.3.2 bye"});
    finish(f.loop, f.connection.speak_at_shutdown());
    CHECK(f.received() == "421 4.3.2 bye\r\n");
}

TEST_CASE("content that is waited for ends only when the server can wait no longer", "[smtp_io][server_connection]") {
    fixture f;
    f.connection.begin_content();
    f.connection.end_soon();
    f.send("text\r\n");
    CHECK(finish(f.loop, f.connection.read_content()));
    CHECK(f.connection.pending() == "text\r\n");
    f.connection.end_now();
    CHECK_FALSE(finish(f.loop, f.connection.read_content()));
}

TEST_CASE("content may stall for ten minutes and then has to keep its rate", "[smtp_io][server_connection]") {
    fixture f;
    smtp_io::server_time_limits patient{.content = std::chrono::hours(1)};
    auto ends = test::tcp_pair(f.loop, f.real);
    smtp_io::server_connection slow(f.loop.get_executor(), std::move(ends.server), f.clock, patient, 100);
    f.side_tasks.start(slow.keep_time());
    slow.begin_content();
    REQUIRE(finish(f.loop, ends.client->write(std::string_view("x"))).has_value());
    REQUIRE(finish(f.loop, slow.read_content()));
    std::optional<bool> more;
    const auto wait = [](smtp_io::server_connection& on, std::optional<bool>& got) -> async::awaitable<> {
        got = co_await on.read_content();
    };
    f.side_tasks.start(wait(slow, more));
    test::run_until(f.loop, [&] { return f.clock.sleepers() != 0; });
    f.clock.advance(599s);
    f.loop.poll();
    CHECK_FALSE(more.has_value());
    f.clock.advance(2s);
    test::run_until(f.loop, [&] { return more.has_value(); });
    CHECK_FALSE(*more);
    finish(f.loop, f.side_tasks.stop());
    slow.close();
}

TEST_CASE("the last words are read before the connection goes", "[smtp_io][server_connection]") {
    fixture f;
    f.send("input that is never taken\r\n");
    f.connection.last_reply({221, "2.0.0 bye"});
    const auto finish_it = [](smtp_io::server_connection& on) -> async::awaitable<> { co_await on.finish(); };
    f.side_tasks.start(finish_it(f.connection));
    CHECK(finish(f.loop, test::read_to_end(*f.ends.client)) == "221 2.0.0 bye\r\n");
}
