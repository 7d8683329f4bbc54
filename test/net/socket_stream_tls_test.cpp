#include <openssl/ssl.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ssl/context.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <optional>

#include "support/stream_pair.hpp"
#include "support/temporary_directory.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/net/tls_context.hpp"

using namespace waypost;
using namespace boost::asio::experimental::awaitable_operators;
using waypost::test::finish;
using waypost::test::read_exactly;
using waypost::test::settle;

namespace {

using agreed = base::result<net::tls_info>;
struct both {
    agreed server;
    agreed client;
};

/// A failure ends the other side too, as whoever uses a stream would.
async::awaitable<agreed> serve_tls(net::stream& stream, const net::tls_context& with) {
    auto got = co_await stream.start_tls_server(with);
    if (got.has_error()) stream.close();
    co_return got;
}

async::awaitable<agreed> ask_tls(net::stream& stream, const net::tls_context& with, std::string name) {
    auto got = co_await stream.start_tls_client(with, name);
    if (got.has_error()) stream.close();
    co_return got;
}

async::awaitable<both> tls_handshake(net::stream& server, const net::tls_context& own, net::stream& client,
                                     const net::tls_context& trust, std::string name) {
    auto [at_server, at_client] = co_await (serve_tls(server, own) && ask_tls(client, trust, name));
    co_return both{std::move(at_server), std::move(at_client)};
}

struct fixture {
    test::temporary_directory directory;
    boost::asio::io_context loop;
    async::real_clock clock;
    test::stream_pair ends = test::tcp_pair(loop, clock);
    net::key_pair pair = made_for("mx.example.org");

    [[nodiscard]] net::key_pair made_for(const std::string& name) const {
        const net::key_pair at{directory / (name + ".crt"), directory / (name + ".key")};
        net::ensure_self_signed(at, name);
        return at;
    }
    [[nodiscard]] std::shared_ptr<const net::tls_context> server() const {
        return net::tls_context::server({.identities = {pair}, .ca_file = {}, .demand_client_certificate = false});
    }
    static std::shared_ptr<const net::tls_context> unverified() {
        return net::tls_context::client({.check = net::peer_check::none, .ca_file = {}, .identity = {}});
    }
    static std::shared_ptr<const net::tls_context> trusting(const std::string& ca_file) {
        return net::tls_context::client({.check = net::peer_check::verified, .ca_file = ca_file, .identity = {}});
    }
    both shake(const net::tls_context& own, const net::tls_context& trust, const std::string& name) {
        return finish(loop, tls_handshake(*ends.server, own, *ends.client, trust, name));
    }
};

}  // namespace

// To read the system's roots costs more than all the rest of a start.
TEST_CASE("issue 9: the system's roots are read when a connection first verifies", "[net][socket_stream]") {
    fixture f;
    const auto own = f.server();
    const auto trust = fixture::trusting({});
    // Only from here on are there any roots to be read.
    REQUIRE(::setenv("SSL_CERT_FILE", f.pair.certificate_file.c_str(), 1) == 0);
    const auto got = f.shake(*own, *trust, "mx.example.org");
    REQUIRE(::unsetenv("SSL_CERT_FILE") == 0);
    test::stream_pair second = test::tcp_pair(f.loop, f.clock);
    const auto again = finish(f.loop, tls_handshake(*second.server, *own, *second.client, *trust, "mx.example.org"));
    REQUIRE(got.client.has_value());
    CHECK(got.client->peer_verified);
    REQUIRE(again.client.has_value());
    CHECK(again.client->peer_verified);
}

TEST_CASE("a client that does not verify takes any certificate", "[net][socket_stream]") {
    fixture f;
    const auto own = f.server();
    const auto trust = fixture::unverified();
    const auto got = f.shake(*own, *trust, "mx.example.org");
    REQUIRE(got.server.has_value());
    REQUIRE(got.client.has_value());
    CHECK(got.client->version == "TLSv1.3");
    CHECK(got.client->cipher == got.server->cipher);
    CHECK(got.client->bits >= 128);
    CHECK_FALSE(got.client->peer_verified);
    CHECK(got.client->peer_name == "/CN=mx.example.org");
    CHECK(got.server->server_name == "mx.example.org");
    CHECK(got.server->peer_name.empty());
    CHECK_FALSE(got.server->peer_verified);

    SECTION("and from then on all bytes pass as before") {
        CHECK(finish(f.loop, f.ends.client->write("EHLO here\r\n")).has_value());
        CHECK(finish(f.loop, read_exactly(*f.ends.server, 11)) == "EHLO here\r\n");
    }
    SECTION("in any number of pieces and of any size") {
        const std::string text(3U << 20, 'x');
        const std::array<boost::asio::const_buffer, 4> parts{
            boost::asio::buffer(std::string_view("a")), boost::asio::buffer(std::string_view()),
            boost::asio::buffer(text), boost::asio::buffer(std::string_view("z"))};
        const auto pass = [](net::stream& stream, std::span<const boost::asio::const_buffer> what, net::stream& from,
                             std::size_t size) -> async::awaitable<std::string> {
            auto [written, read] = co_await (stream.write(what) && read_exactly(from, size));
            co_return written.has_value() ? read : std::string();
        };
        CHECK(finish(f.loop, pass(*f.ends.server, parts, *f.ends.client, text.size() + 2)) == "a" + text + "z");
    }
    SECTION("and a peer that goes without a word is at its end") {
        f.ends.client->close();
        char piece[8];
        const auto end = finish(f.loop, f.ends.server->read_some(piece));
        REQUIRE(end.has_error());
        CHECK(end.error() == net::errc::end_of_stream);
    }
    SECTION("and a reader can be made to time out, with last words after it") {
        std::optional<base::result<std::size_t>> read;
        const auto once = [](net::stream& stream,
                             std::optional<base::result<std::size_t>>& into) -> async::awaitable<> {
            char piece[8];
            into = co_await stream.read_some(piece);
        };
        async::task_group group(f.loop.get_executor());
        group.start(once(*f.ends.server, read));
        settle(f.loop);
        f.ends.server->cancel();
        test::run_until(f.loop, [&] { return read.has_value(); });
        REQUIRE(read->has_error());
        CHECK(read->error() == net::errc::timed_out);
        CHECK(finish(f.loop, f.ends.server->write("421 too late\r\n")).has_value());
        CHECK(finish(f.loop, read_exactly(*f.ends.client, 14)) == "421 too late\r\n");
    }
}

TEST_CASE("a client that verifies refuses a certificate that nobody vouches for", "[net][socket_stream]") {
    fixture f;
    const auto own = f.server();
    const auto other = f.made_for("other.example");
    const auto trust = GENERATE(true, false) ? fixture::trusting(other.certificate_file) : fixture::trusting({});
    const auto got = f.shake(*own, *trust, "mx.example.org");
    REQUIRE(got.client.has_error());
    CHECK(got.client.error() == net::errc::certificate_refused);
    CHECK_FALSE(f.ends.client->tls_fault().empty());
    REQUIRE(got.server.has_error());
    CHECK(got.server.error() == net::errc::tls_failed);
}

TEST_CASE("a client that verifies takes a certificate that is vouched for and has the right name",
          "[net][socket_stream]") {
    fixture f;
    const auto own = f.server();
    const auto trust = fixture::trusting(f.pair.certificate_file);
    const std::string name = GENERATE("mx.example.org", "MX.Example.ORG");
    const auto got = f.shake(*own, *trust, name);
    REQUIRE(got.client.has_value());
    CHECK(got.client->peer_verified);
    CHECK(got.server.has_value());
}

TEST_CASE("a client that verifies refuses a certificate with another name", "[net][socket_stream]") {
    fixture f;
    const auto own = f.server();
    const auto trust = fixture::trusting(f.pair.certificate_file);
    const std::string name =
        GENERATE("mx2.example.org", "example.org", "evil.mx.example.org", "127.0.0.1", "::1", "[::1]", "");
    CAPTURE(name);
    const auto got = f.shake(*own, *trust, name);
    REQUIRE(got.client.has_error());
    CHECK(got.client.error() == net::errc::certificate_refused);
}

TEST_CASE("a client that verifies refuses a certificate that has ended", "[net][socket_stream]") {
    fixture f;
    const auto own = f.server();
    const auto trust = fixture::trusting(f.pair.certificate_file);
    X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(trust->native().native_handle()),
                               std::time(nullptr) + 11L * 365 * 86400);
    const auto got = f.shake(*own, *trust, "mx.example.org");
    REQUIRE(got.client.has_error());
    CHECK(got.client.error() == net::errc::certificate_refused);
    CHECK_THAT(f.ends.client->tls_fault(), Catch::Matchers::Contains("expired"));
}

TEST_CASE("a server shows the certificate that is for the name asked for", "[net][socket_stream]") {
    fixture f;
    const auto second = f.made_for("mail.example.net");
    const auto third = f.made_for("smtp.example.com");
    const auto own = net::tls_context::server(
        {.identities = {f.pair, second, third}, .ca_file = {}, .demand_client_certificate = false});
    const auto trust = fixture::unverified();
    const auto [asked, shown] = GENERATE(table<std::string, std::string>({{"mx.example.org", "/CN=mx.example.org"},
                                                                          {"mail.example.net", "/CN=mail.example.net"},
                                                                          {"smtp.example.com", "/CN=smtp.example.com"},
                                                                          {"MAIL.example.net", "/CN=mail.example.net"},
                                                                          {"unknown.example", "/CN=mx.example.org"},
                                                                          {"192.0.2.1", "/CN=mx.example.org"},
                                                                          {"", "/CN=mx.example.org"}}));
    CAPTURE(asked);
    const auto got = f.shake(*own, *trust, asked);
    REQUIRE(got.client.has_value());
    CHECK(got.client->peer_name == shown);
}

TEST_CASE("a verified client gets the right one of two certificates", "[net][socket_stream]") {
    fixture f;
    const auto second = f.made_for("mail.example.net");
    const auto own =
        net::tls_context::server({.identities = {f.pair, second}, .ca_file = {}, .demand_client_certificate = false});
    const auto trust = fixture::trusting(second.certificate_file);
    const auto got = f.shake(*own, *trust, "mail.example.net");
    REQUIRE(got.client.has_value());
    CHECK(got.client->peer_verified);
}

TEST_CASE("no name that a client asks for can harm the server", "[net][socket_stream]") {
    // CVE-2019-15846 was a name that ended in a backslash.
    fixture f;
    const auto second = f.made_for("mail.example.net");
    const auto own =
        net::tls_context::server({.identities = {f.pair, second}, .ca_file = {}, .demand_client_certificate = false});
    const auto trust = fixture::unverified();
    const std::string name =
        GENERATE(std::string("mail\\"), std::string("\r\nmail"), std::string("m\xc3\xa4il.example"),
                 std::string(255, 'a'), std::string(300, 'a'), std::string("*.example.net"), std::string("a\x01\x7f"),
                 std::string("."), std::string(" "));
    const auto got = f.shake(*own, *trust, name);
    REQUIRE(got.server.has_value());
    for (const char c : got.server->server_name) CHECK((c > ' ' - 1 && c < 0x7f));
    CHECK(got.client.has_value());
}

TEST_CASE("a certificate may be demanded of clients", "[net][socket_stream]") {
    fixture f;
    const auto client_pair = f.made_for("client.example");
    const auto own = net::tls_context::server(
        {.identities = {f.pair}, .ca_file = client_pair.certificate_file, .demand_client_certificate = true});
    CHECK(own->check() == net::peer_check::verified);
    SECTION("who shows it is known") {
        const auto trust =
            net::tls_context::client({.check = net::peer_check::none, .ca_file = {}, .identity = client_pair});
        const auto got = f.shake(*own, *trust, "mx.example.org");
        REQUIRE(got.server.has_value());
        CHECK(got.server->peer_verified);
        CHECK(got.server->peer_name == "/CN=client.example");
    }
    SECTION("who shows another one is refused") {
        const auto other = f.made_for("other.example");
        const auto trust = net::tls_context::client({.check = net::peer_check::none, .ca_file = {}, .identity = other});
        const auto got = f.shake(*own, *trust, "mx.example.org");
        REQUIRE(got.server.has_error());
        CHECK(got.server.error() == net::errc::certificate_refused);
    }
    SECTION("who shows none is refused") {
        const auto trust = fixture::unverified();
        const auto got = f.shake(*own, *trust, "mx.example.org");
        CHECK(got.server.has_error());
    }
}

TEST_CASE("what is no handshake fails cleanly", "[net][socket_stream]") {
    fixture f;
    const auto own = f.server();
    const auto trust = fixture::unverified();
    using namespace std::string_literals;
    const std::string garbage =
        GENERATE("EHLO somebody\r\n"s, "GET / HTTP/1.1\r\n\r\n"s, "\x16\x03\x01\xff\xff"s + std::string(70000, 'x'),
                 "\x16\x03\x01\x00\x00"s, "\x15\x03\x01\x00\x02\x02\x28"s, "\x80\x2e\x01\x00\x02"s,
                 std::string(100, '\0'), "\x16\x03\x01\x00\x05\x01\xff\xff\xff\xff"s);
    SECTION("from a client") {
        const auto talk = [](net::stream& stream, std::string text) -> async::awaitable<bool> {
            const bool sent = (co_await stream.write(text)).has_value();
            stream.end_writing();
            co_return sent;
        };
        const auto run = [](net::stream& server, const net::tls_context& with,
                            async::awaitable<bool> peer) -> async::awaitable<agreed> {
            auto [got, sent] = co_await (serve_tls(server, with) && std::move(peer));
            co_return got;
        };
        const auto got = finish(f.loop, run(*f.ends.server, *own, talk(*f.ends.client, garbage)));
        REQUIRE(got.has_error());
        CHECK(got.error() == net::errc::tls_failed);
        for (const char c : f.ends.server->tls_fault()) CHECK((c >= ' ' && c < 0x7f));
    }
    SECTION("from a server") {
        const auto talk = [](net::stream& stream, std::string text) -> async::awaitable<bool> {
            const bool sent = (co_await stream.write(text)).has_value();
            stream.end_writing();
            co_return sent;
        };
        const auto run = [](net::stream& client, const net::tls_context& with,
                            async::awaitable<bool> peer) -> async::awaitable<agreed> {
            auto [got, sent] = co_await (ask_tls(client, with, "mx.example.org") && std::move(peer));
            co_return got;
        };
        const auto got = finish(f.loop, run(*f.ends.client, *trust, talk(*f.ends.server, garbage)));
        REQUIRE(got.has_error());
        CHECK(got.error() == net::errc::tls_failed);
    }
}

TEST_CASE("a peer that says nothing is left to the time limit", "[net][socket_stream]") {
    fixture f;
    const auto own = f.server();
    std::optional<agreed> got;
    const auto serve = [](net::stream& stream, const net::tls_context& with,
                          std::optional<agreed>& into) -> async::awaitable<> {
        into = co_await stream.start_tls_server(with);
    };
    async::task_group group(f.loop.get_executor());
    group.start(serve(*f.ends.server, *own, got));
    settle(f.loop);
    CHECK_FALSE(got);
    f.ends.server->cancel();
    test::run_until(f.loop, [&] { return got.has_value(); });
    REQUIRE(got->has_error());
    CHECK(got->error() == net::errc::timed_out);
}

TEST_CASE("a peer that leaves in the middle of the handshake is a failure", "[net][socket_stream]") {
    fixture f;
    const auto own = f.server();
    f.ends.client->close();
    const auto got = finish(f.loop, serve_tls(*f.ends.server, *own));
    REQUIRE(got.has_error());
    CHECK(got.error() == net::errc::tls_failed);
    CHECK_FALSE(f.ends.server->tls_fault().empty());
}

TEST_CASE("TLS older than 1.2 is not agreed on", "[net][socket_stream]") {
    fixture f;
    const auto own = f.server();
    SSL_CTX_set_cipher_list(own->native().native_handle(), "ALL:@SECLEVEL=0");  // so that only the version is at fault
    const auto old = fixture::unverified();
    SSL_CTX* native = old->native().native_handle();
    SSL_CTX_set_cipher_list(native, "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(native, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(native, TLS1_1_VERSION);
    const auto got = f.shake(*own, *old, "mx.example.org");
    CHECK(got.server.has_error());
    CHECK(got.client.has_error());
}

namespace {

/// Connections to one server, each after the other.
struct many_times {
    boost::asio::io_context loop;
    async::real_clock clock;
    test::temporary_directory directory;
    net::acceptor here = net::acceptor::tcp(loop.get_executor(), test::loopback());
    net::acceptor elsewhere = net::acceptor::tcp(loop.get_executor(), test::loopback());
    net::acceptor* listening = &here;
    net::key_pair pair{directory / "a.crt", directory / "a.key"};

    many_times() { net::ensure_self_signed(pair, "mx.example.org"); }
    std::shared_ptr<const net::tls_context> server() const {
        return net::tls_context::server({.identities = {pair}, .ca_file = {}, .demand_client_certificate = false});
    }
    /// Connects, reads what the server says (the tickets come before it) and leaves.
    net::tls_info meet(const net::tls_context& own, const net::tls_context& trust, const std::string& name) {
        auto ends = finish(loop, test::connect_both(*listening, clock));
        const auto got = finish(loop, tls_handshake(*ends.server, own, *ends.client, trust, name));
        REQUIRE(got.server.has_value());
        REQUIRE(got.client.has_value());
        CHECK(got.client->resumed == got.server->resumed);
        CHECK(finish(loop, ends.server->write("220 mx\r\n")).has_value());
        CHECK(finish(loop, read_exactly(*ends.client, 8)) == "220 mx\r\n");
        return *got.client;
    }
};

}  // namespace

TEST_CASE("a host that was met before is met with its session", "[net][socket_stream]") {
    many_times f;
    const auto own = f.server();
    const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(own->native().native_handle(), version);
    const auto trust = fixture::trusting(f.pair.certificate_file);
    CHECK_FALSE(f.meet(*own, *trust, "mx.example.org").resumed);
    const auto again = f.meet(*own, *trust, "mx.example.org");
    CHECK(again.resumed);
    CHECK(again.peer_verified);
    CHECK(again.peer_name == "/CN=mx.example.org");
}

TEST_CASE("a session is for its name, its context and its endpoint alone", "[net][socket_stream]") {
    many_times f;
    const auto own = f.server();
    const auto anybody = fixture::unverified();
    CHECK_FALSE(f.meet(*own, *anybody, "mx.example.org").resumed);
    SECTION("name") { CHECK_FALSE(f.meet(*own, *anybody, "other.example.org").resumed); }
    SECTION("context") {
        CHECK_FALSE(f.meet(*own, *fixture::trusting(f.pair.certificate_file), "mx.example.org").resumed);
    }
    SECTION("endpoint") {
        f.listening = &f.elsewhere;
        CHECK_FALSE(f.meet(*own, *anybody, "mx.example.org").resumed);
    }
}

TEST_CASE("a session that the host has forgotten costs a whole handshake and nothing else", "[net][socket_stream]") {
    many_times f;
    const auto trust = fixture::trusting(f.pair.certificate_file);
    CHECK_FALSE(f.meet(*f.server(), *trust, "mx.example.org").resumed);
    const auto restarted = f.server();  // with keys of its own
    CHECK_FALSE(f.meet(*restarted, *trust, "mx.example.org").resumed);
    CHECK(f.meet(*restarted, *trust, "mx.example.org").resumed);
}
