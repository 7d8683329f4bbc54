#include "socket_dialer.hpp"

#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>

#include "relay_house.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using relay::blame;
using test::relay_house;
using test::scripted_server;

namespace {

using strings = std::vector<std::string>;
using answer = std::optional<std::string>;

scripted_server::script when(const std::string& begins, const std::string& reply) {
    return [begins, reply](const std::string& command, int) -> answer {
        return command.starts_with(begins) ? answer(reply) : std::nullopt;
    };
}

/// There is none, so a session that is ready says QUIT.
class no_work final : public relay::task_source {
public:
    std::optional<queue::queued_message> take(std::size_t) override { return std::nullopt; }
    async::awaitable<bool> wait() override { co_return false; }
    void give_back(queue::queued_message) override {}
    void settle(const std::shared_ptr<const spool::message>&, const spool::envelope&, const mail::status&,
                const queue::carrier&, bool) override {}
    void transaction_ended(bool, const mail::status&) override {}
    async::awaitable<base::result<std::shared_ptr<const spool::content>>> content_of(
        std::shared_ptr<const spool::message>) override {
        co_return base::error_code(table::errc::unavailable);
    }
};

struct failure {
    relay::route along;
    relay::blame blame;
    mail::status reason;
};

/// Remembers what the dialer says.
class recorded_attempt final : public relay::connection_attempt {
public:
    recorded_attempt(const relay::settings& all, const relay::action_settings& action) : all_(all), action_(action) {}
    [[nodiscard]] const relay::candidate& who() const override { return server; }
    [[nodiscard]] const relay::settings& settings() const override { return all_; }
    [[nodiscard]] const relay::action_settings& action() const override { return action_; }
    [[nodiscard]] const relay::limits& allowed() const override { return most_; }
    [[nodiscard]] const relay::route& via() const override { return first; }
    [[nodiscard]] const std::optional<relay::route>& fallback() const override { return second; }
    bool begin_fallback() override {
        ++second_asked_for;
        return has_room;
    }
    void failed(const relay::route& along, blame blame, const mail::status& reason) override {
        failures.push_back({along, blame, reason});
    }
    void given_up(const relay::route& along) override { slow.push_back(along); }
    relay::task_source& ready(const relay::route& along) override {
        used = along;
        return nothing_;
    }
    void lost(const mail::status&) override {}

    relay::candidate server;
    relay::route first;
    std::optional<relay::route> second;
    bool has_room = true;
    int second_asked_for = 0;
    std::vector<failure> failures;
    std::vector<relay::route> slow;
    std::optional<relay::route> used;

private:
    const relay::settings& all_;
    const relay::action_settings& action_;
    relay::limits most_;
    no_work nothing_;
};

relay::route to_port(const std::string& port) {
    return {.source_address = {},
            .target = {.endpoint = test::loopback(static_cast<std::uint16_t>(std::stoi(port))), .socket_path = {}}};
}

/// A port that refuses: nobody listens there any more.
std::string closed_port(boost::asio::io_context& loop) { return scripted_server(loop).port(); }

/// A port that never answers: its queue of connections is full and nobody takes any.
struct stalled_port {
    boost::asio::ip::tcp::acceptor listening;
    std::vector<boost::asio::ip::tcp::socket> queue;

    explicit stalled_port(boost::asio::io_context& loop) : listening(loop) {
        const boost::asio::ip::tcp::endpoint any(boost::asio::ip::address_v4::loopback(), 0);
        listening.open(any.protocol());
        listening.bind(any);
        listening.listen(0);
        for (int i = 0; i < 4; ++i) {
            queue.emplace_back(loop, any.protocol());
            queue.back().native_non_blocking(true);
            const auto to = listening.local_endpoint();
            // Asio's own connect() would wait, even for a socket that does not block.
            static_cast<void>(::connect(queue.back().native_handle(), to.data(), static_cast<socklen_t>(to.size())));
        }
    }
    [[nodiscard]] std::string port() const { return std::to_string(listening.local_endpoint().port()); }
};

struct dialer_house : relay_house {
    recorded_attempt what{how, action()};

    void aim(const std::string& url, const std::string& port) {
        what.server.url = std::get<mail::relay_url>(mail::parse_relay_url(url));
        what.first = to_port(port);
    }
    scripted_server& serve_at(const std::string& url) {
        servers.push_back(std::make_unique<scripted_server>(house.loop));
        aim(url, servers.back()->port());
        return *servers.back();
    }
    void serve_mail() {
        const relay::dependencies with{house.clock, house.log, dns, house.queue};
        relay::socket_dialer dialer(house.loop.get_executor(), with);
        test::finish(house.loop, dialer.serve(what));
    }
    /// Time passes until the second route is asked for.
    void serve_in_time() {
        const relay::dependencies with{house.clock, house.log, dns, house.queue};
        relay::socket_dialer dialer(house.loop.get_executor(), with);
        bool over = false;
        boost::asio::co_spawn(house.loop, dialer.serve(what), [&over](const std::exception_ptr&) { over = true; });
        until([&] {
            if (!over && what.second_asked_for == 0) house.clock.advance(250ms);
            return over;
        });
    }
    failure only_failure() const {
        REQUIRE(what.failures.size() == 1);
        CHECK_FALSE(what.used.has_value());
        CHECK(what.failures[0].reason.is_transient());
        return what.failures[0];
    }
};

}  // namespace

TEST_CASE("where TLS is demanded, no word but EHLO is ever said in clear", "[relay][socket_dialer]") {
    dialer_house f;
    auto& server = f.serve_at("smtp+tls://relay.example");
    SECTION("it is not offered") {}
    SECTION("it is refused") {
        server.tls = relay_house::serving(f.certificate());
        server.answer = when("STARTTLS", "454 4.7.0 not now");
    }
    SECTION("the handshake breaks") { server.offers.emplace_back("STARTTLS"); }
    SECTION("nobody vouches for the certificate") { server.tls = relay_house::serving(f.certificate()); }
    SECTION("the certificate is another's") {
        const auto pair = f.certificate("other.example");
        server.tls = relay_house::serving(pair);
        f.action().verified = relay_house::trusting(pair.certificate_file);
    }
    f.serve_mail();
    CHECK(f.only_failure().blame == blame::relay);
    CHECK(server.connections == 1);
    for (const std::string& each : server.commands)
        CHECK((each == "EHLO mx.example.org" || each == "STARTTLS" || each == "QUIT"));
}

TEST_CASE("audit 39: a certificate that is not accepted has a status of its own", "[relay][socket_dialer]") {
    dialer_house f;
    auto& server = f.serve_at("smtp+tls://relay.example");
    server.tls = relay_house::serving(f.certificate());
    f.serve_mail();
    CHECK(f.only_failure().reason.enhanced().text() == "4.7.5");
    CHECK_THAT(f.only_failure().reason.text(), Contains("certificate"));
}

TEST_CASE("plain smtp does without TLS where it does not work", "[relay][socket_dialer]") {
    dialer_house f;
    auto& server = f.serve_at("smtp://relay.example");
    server.offers.emplace_back("STARTTLS");
    f.serve_mail();
    CHECK(f.what.used == f.what.first);
    CHECK(f.what.failures.empty());
    CHECK(server.connections == 2);
}

TEST_CASE("a host that cannot be reached again without TLS is the route's trouble", "[relay][socket_dialer]") {
    dialer_house f;
    auto& server = f.serve_at("smtp://relay.example");
    server.offers.emplace_back("STARTTLS");
    server.answer = [&server](const std::string& command, int) {
        if (command == "STARTTLS") server.stop_listening();
        return answer();
    };
    f.serve_mail();
    const failure said = f.only_failure();
    CHECK(said.blame == blame::route);
    CHECK_THAT(said.reason.text(), Contains("Cannot connect to relay.example"));
    CHECK(server.connections == 1);
}

TEST_CASE("smtp+notls never tries TLS", "[relay][socket_dialer]") {
    dialer_house f;
    auto& server = f.serve_at("smtp+notls://relay.example");
    server.tls = relay_house::serving(f.certificate());
    f.serve_mail();
    CHECK(f.what.used.has_value());
    CHECK_FALSE(server.heard("STARTTLS"));
}

TEST_CASE("what is wrong with a label is the relay's trouble and names label, table and relay",
          "[relay][socket_dialer]") {
    dialer_house f;
    auto& server = f.serve_at("smtp+tls://label@relay.example");
    const auto pair = f.certificate();
    server.tls = relay_house::serving(pair);
    server.offers.emplace_back("AUTH PLAIN");
    f.action().verified = relay_house::trusting(pair.certificate_file);
    f.credentials.rows["label"] = "user:first secret";
    SECTION("it is not in the table") { f.credentials.rows.clear(); }
    SECTION("its table cannot be asked") { f.credentials.unavailable = true; }
    SECTION("the host refuses it") { server.answer = when("AUTH", "535 5.7.8 wrong"); }
    SECTION("the host offers no AUTH") { server.offers.pop_back(); }
    f.serve_mail();
    const failure said = f.only_failure();
    CHECK(said.blame == blame::relay);
    CHECK_THAT(said.reason.text(), Contains("\"label\"") && Contains("<fake>") && Contains("label@relay.example"));
    CHECK_THAT(said.reason.text(), !Contains("secret"));
}

TEST_CASE("a greeting that is no welcome is the route's trouble", "[relay][socket_dialer]") {
    dialer_house f;
    auto& server = f.serve_at("smtp://relay.example");
    server.answer =
        when("(greeting)", GENERATE("450 4.3.2 busy", "554 5.7.1 not you", "421 4.3.2 closing", "nonsense", "(close)"));
    f.serve_mail();
    CHECK(f.only_failure().blame == blame::route);
}

TEST_CASE("a source that is not on this machine is the source's trouble", "[relay][socket_dialer]") {
    dialer_house f;
    auto& server = f.serve_at("smtp://relay.example");
    f.what.first.source_address = net::parse_address("192.0.2.7").value();
    f.serve_mail();
    CHECK(f.only_failure().blame == blame::source);
    CHECK(server.connections == 0);
}

TEST_CASE("helo-src names us by the address that we come from", "[relay][socket_dialer]") {
    dialer_house f;
    auto& server = f.serve_at("smtp://relay.example");
    test::fake_table names({{"127.0.0.2", "two.example.org"}});
    f.action().helo_names = &names;
    f.action().helo = "other.example.org";
    f.what.first.source_address = net::parse_address(GENERATE("127.0.0.2", "127.0.0.3")).value();
    const bool is_listed = f.what.first.source_address == net::parse_address("127.0.0.2").value();
    f.serve_mail();
    CHECK(server.heard(is_listed ? "EHLO two.example.org" : "EHLO other.example.org"));
}

TEST_CASE("audit 19: a live helo-src row that is no host name never reaches the host, and the mail waits",
          "[relay][socket_dialer]") {
    dialer_house f;
    auto& server = f.serve_at("smtp://relay.example");
    test::fake_table names({{"127.0.0.2", GENERATE("x.example\r\nMAIL FROM:<a@b>", "two example", "x.example\n", "")}});
    SECTION("a bad row") {}
    SECTION("a table that cannot be asked") { names.unavailable = true; }
    f.action().helo_names = &names;
    f.what.first.source_address = net::parse_address("127.0.0.2").value();
    f.serve_mail();
    CHECK_FALSE(server.heard("EHLO"));
    CHECK_FALSE(server.heard("MAIL"));
    const failure& said = f.only_failure();
    CHECK(said.blame == blame::relay);
    CHECK(said.reason.is_transient());
    CHECK_THAT(said.reason.text(), Contains("fake") && Contains("127.0.0.2"));
}

TEST_CASE("the log names relay and host of a connection", "[relay][socket_dialer]") {
    dialer_house f;
    f.serve_at("smtp://relay.example");
    f.serve_mail();
    CHECK(f.output.comes("event=connected"));
    CHECK(f.output.comes("relay=smtp://relay.example"));
    CHECK(f.output.comes("relay.example (127.0.0.1)"));
}

// --- two families

TEST_CASE("a first family that refuses is followed by the second at once", "[relay][socket_dialer]") {
    dialer_house f;
    auto& server = f.serve_at("smtp://relay.example");
    f.what.second = f.what.first;
    f.what.first = to_port(closed_port(f.house.loop));
    f.serve_mail();  // the clock stands still
    CHECK(f.what.used == f.what.second);
    REQUIRE(f.what.failures.size() == 1);
    CHECK(f.what.failures[0].along == f.what.first);
    CHECK(f.what.failures[0].blame == blame::route);
    CHECK(server.connections == 1);
}

TEST_CASE("a first family that stalls is given up for the second", "[relay][socket_dialer]") {
    dialer_house f;
    f.serve_at("smtp://relay.example");
    const stalled_port silent(f.house.loop);
    f.what.second = f.what.first;
    f.what.first = to_port(silent.port());
    f.serve_in_time();
    CHECK(f.what.used == f.what.second);
    CHECK(f.what.slow == std::vector{f.what.first});
    CHECK(f.what.failures.empty());
}

TEST_CASE("where both families refuse, both have failed", "[relay][socket_dialer]") {
    dialer_house f;
    f.aim("smtp://relay.example", closed_port(f.house.loop));
    f.what.second = to_port(closed_port(f.house.loop));
    f.serve_mail();
    REQUIRE(f.what.failures.size() == 2);
    CHECK(f.what.slow.empty());
    CHECK_FALSE(f.what.used.has_value());
}

TEST_CASE("a first family that answers leaves the second alone", "[relay][socket_dialer]") {
    dialer_house f;
    f.serve_at("smtp://relay.example");
    f.what.second = to_port(closed_port(f.house.loop));
    f.serve_mail();
    CHECK(f.what.used == f.what.first);
    CHECK(f.what.second_asked_for == 0);
}
