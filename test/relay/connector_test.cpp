// How a relay is reached: addresses, TLS, credentials, sources. Through the engine, as the mail sees it.
#include <catch2/catch.hpp>

#include "relay_house.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using test::relay_house;
using test::scripted_server;

namespace {

using strings = std::vector<std::string>;

/// A relay over TLS that wants a password, at relay.example, which is trusted.
struct private_relay : relay_house {
    scripted_server& server;

    explicit private_relay(const std::string& scheme = "smtps+auth://label@") : server(serve(scheme)) {
        const auto pair = certificate();
        server.tls = serving(pair);
        server.implicit_tls = scheme.starts_with("smtps");
        server.offers.emplace_back("AUTH PLAIN LOGIN");
        action().verified = trusting(pair.certificate_file);
        credentials.rows["label"] = "user:first secret";
    }
};

}  // namespace

// --- TLS

TEST_CASE("TLS that was demanded is used, verified", "[relay][connector]") {
    relay_house f;
    const std::string scheme = GENERATE("smtp+tls://", "smtps://");
    auto& server = f.serve(scheme);
    const auto pair = f.certificate();
    server.tls = relay_house::serving(pair);
    server.implicit_tls = scheme == "smtps://";
    f.action().verified = relay_house::trusting(pair.certificate_file);
    f.send();
    f.until_done(1);
    CHECK(server.mails.size() == 1);
    f.until([&] { return f.output.has("event=tls"); });
    CHECK(f.output.comes("verified=yes"));
}

TEST_CASE("where TLS was demanded, nothing is sent in clear", "[relay][connector]") {
    relay_house f;
    auto& server = f.serve("smtp+tls://");
    SECTION("it is not offered") {}
    SECTION("it is refused") {
        server.tls = relay_house::serving(f.certificate());
        server.answer = [](const std::string& command, int) -> std::optional<std::string> {
            return command == "STARTTLS" ? std::optional<std::string>("454 4.7.0 not now") : std::nullopt;
        };
    }
    SECTION("nobody vouches for the certificate") { server.tls = relay_house::serving(f.certificate()); }
    SECTION("the certificate is another's") {
        const auto pair = f.certificate("other.example");
        server.tls = relay_house::serving(pair);
        f.action().verified = relay_house::trusting(pair.certificate_file);
    }
    SECTION("there is something in the way of the handshake") {
        server.tls = relay_house::serving(f.certificate());
        server.answer = [](const std::string& command, int) -> std::optional<std::string> {
            return command == "STARTTLS" ? std::optional<std::string>("220 go\r\n250 injected") : std::nullopt;
        };
    }
    f.send();
    f.until_done(0, 1);
    CHECK(f.house.last_delay().is_transient());
    CHECK(server.mails.empty());
    for (const std::string& each : server.commands) CHECK_FALSE(each.starts_with("MAIL"));
}

TEST_CASE("`tls` on the action demands it of a plain URL", "[relay][connector]") {
    relay_house f;
    auto& server = f.serve("smtp://");
    f.action().tls = mail::transport_security::starttls;
    f.send();
    f.until_done(0, 1);
    CHECK(server.mails.empty());
}

TEST_CASE("`no-verify` takes any certificate, and still demands TLS", "[relay][connector]") {
    relay_house f;
    auto& server = f.serve("smtp+tls://");
    f.action().no_verify = true;
    SECTION("with a certificate that nobody vouches for") {
        server.tls = relay_house::serving(f.certificate("other.example"));
        f.send();
        f.until_done(1);
        f.until([&] { return f.output.has("event=tls"); });
        CHECK(f.output.comes("verified=no"));
    }
    SECTION("without TLS") {
        f.send();
        f.until_done(0, 1);
        CHECK(server.mails.empty());
    }
}

TEST_CASE("plain smtp uses TLS where it is offered, whoever the host is", "[relay][connector]") {
    relay_house f;
    auto& server = f.serve("smtp://");
    server.tls = relay_house::serving(f.certificate("other.example"));
    f.send();
    f.until_done(1);
    CHECK(server.heard("STARTTLS"));
    CHECK(server.connections == 1);
}

TEST_CASE("plain smtp goes on in clear where the TLS that is offered does not work", "[relay][connector]") {
    relay_house f;
    auto& server = f.serve("smtp://");
    server.offers.emplace_back("STARTTLS");
    SECTION("on the same connection where STARTTLS is refused") {
        server.answer = [](const std::string& command, int) -> std::optional<std::string> {
            return command == "STARTTLS" ? std::optional<std::string>("454 4.7.0 not now") : std::nullopt;
        };
        f.send();
        f.until_done(1);
        CHECK(server.connections == 1);
    }
    SECTION("on another one where the handshake fails") {
        f.send();
        f.until_done(1);
        CHECK(server.connections == 2);
    }
    CHECK(server.mails.size() == 1);
}

TEST_CASE("smtp+notls never tries TLS", "[relay][connector]") {
    relay_house f;
    auto& server = f.serve("smtp+notls://");
    server.tls = relay_house::serving(f.certificate());
    f.send();
    f.until_done(1);
    CHECK_FALSE(server.heard("STARTTLS"));
}

TEST_CASE("ssl tries TLS from the first byte and then STARTTLS", "[relay][connector]") {
    relay_house f;
    auto& server = f.serve("ssl://");
    const auto pair = f.certificate();
    server.tls = relay_house::serving(pair);
    f.action().verified = relay_house::trusting(pair.certificate_file);
    SECTION("the first works") {
        server.implicit_tls = true;
        f.send();
        f.until_done(1);
        CHECK(server.connections == 1);
    }
    SECTION("the second works") {
        f.send();
        f.until_done(1);
        CHECK(server.connections == 2);
        CHECK(server.heard("STARTTLS"));
    }
    SECTION("neither, and never in clear") {
        server.tls = relay_house::serving(f.certificate("other.example"));
        f.send();
        f.until_done(0, 1);
        CHECK(server.mails.empty());
    }
}

TEST_CASE("a handshake that never ends is given up", "[relay][connector]") {
    relay_house f;
    auto& server = f.serve("smtps://");  // which speaks in clear, and waits for us
    server.answer = [](const std::string& command, int) -> std::optional<std::string> {
        return command == "(greeting)" ? std::optional<std::string>(std::string(scripted_server::hold)) : std::nullopt;
    };
    f.send();
    f.until([&] { return server.holding == 1; });
    test::settle(f.house.loop);
    f.house.clock.advance(60s);
    f.until_done(0, 1);
    CHECK(f.house.last_delay().is_transient());
}

// --- credentials

TEST_CASE("the label's secret is used, after TLS", "[relay][connector]") {
    private_relay f(GENERATE("smtps+auth://label@", "smtp+tls://label@"));
    f.send();
    f.until_done(1);
    CHECK(f.server.passwords == strings{"user:first secret"});
}

TEST_CASE("a host that knows LOGIN only gets LOGIN", "[relay][connector]") {
    private_relay f;
    f.server.offers.back() = "AUTH LOGIN";
    f.send();
    f.until_done(1);
    CHECK(f.server.passwords == strings{"user:first secret"});
}

TEST_CASE("the secret is looked up at each connection, so a changed one serves the next", "[relay][connector]") {
    private_relay f;
    f.how.allowed.messages_per_session = 1;
    f.send();
    f.until_done(1);
    f.credentials.rows["label"] = "user:second secret";
    f.send();
    f.until_done(2);
    CHECK(f.server.passwords == strings{"user:first secret", "user:second secret"});
    CHECK(f.credentials.asked.size() == 2);
}

TEST_CASE("a password that was mended serves mail that waits", "[relay][connector]") {
    private_relay f;
    f.server.answer = [&f](const std::string& command, int) -> std::optional<std::string> {
        if (!command.starts_with("AUTH")) return std::nullopt;
        return f.server.passwords.back() == "user:mended" ? "235 2.7.0 welcome" : "535 5.7.8 no";
    };
    f.send();
    f.until_done(0, 1);
    f.credentials.rows["label"] = "user:mended";
    f.house.queue.start();
    f.until([&] {
        f.house.clock.advance(60s);
        return f.house.finished() == 1;
    });
}

TEST_CASE("what is wrong with a label defers the mail and names label, table and relay, never the secret",
          "[relay][connector]") {
    test::captured_stderr everything;
    std::string said;
    std::string port;
    {
        private_relay f;
        f.output.restore();
        port = f.server.port();
        SECTION("it is not in the table") {
            f.credentials.rows.clear();
            f.credentials.rows["other"] = "user:first secret";
        }
        SECTION("its table cannot be asked") { f.credentials.unavailable = true; }
        SECTION("its row makes no sense") { f.credentials.rows["label"] = "first secret:"; }
        SECTION("the host refuses it") {
            f.server.answer = [](const std::string& command, int) -> std::optional<std::string> {
                return command.starts_with("AUTH") ? std::optional<std::string>("535 5.7.8 wrong") : std::nullopt;
            };
        }
        SECTION("the host refuses it by LOGIN") {
            f.server.offers.back() = "AUTH LOGIN";
            f.server.answer = [](const std::string& command, int) -> std::optional<std::string> {
                return command.starts_with("AUTH") ? std::optional<std::string>("535 5.7.8 wrong") : std::nullopt;
            };
        }
        SECTION("the host does not offer AUTH") { f.server.offers.pop_back(); }
        SECTION("the host knows no mechanism of ours") { f.server.offers.back() = "AUTH CRAM-MD5"; }
        f.send();
        f.until_done(0, 1);
        said = f.house.last_delay().line();
        CHECK(f.server.mails.empty());
    }
    everything.restore();
    CHECK_THAT(said, Catch::StartsWith("451 4.7.0 "));
    CHECK_THAT(said, Contains("\"label\"") && Contains("<fake>") && Contains("label@relay.example:" + port));
    CHECK(said.find("first secret") == std::string::npos);
    CHECK(everything.has("event=connect-failed"));
    CHECK_FALSE(everything.has("first secret"));
    CHECK_FALSE(everything.has(base::base64_encode("first secret")));
    CHECK_FALSE(everything.has(base::base64_encode(std::string("\0user\0first secret", 18))));
}

TEST_CASE("a secret that works is in no log either", "[relay][connector]") {
    test::captured_stderr everything;
    {
        private_relay f;
        f.output.restore();
        f.send();
        f.until_done(1);
    }
    everything.restore();
    CHECK(everything.has("event=delivery"));
    CHECK_FALSE(everything.has("first secret"));
    CHECK_FALSE(everything.has(base::base64_encode(std::string("\0user\0first secret", 18))));
}

TEST_CASE("no secret is shown to a host whose certificate is wrong", "[relay][connector]") {
    private_relay f;
    f.server.tls = relay_house::serving(f.certificate("other.example"));
    f.send();
    f.until_done(0, 1);
    CHECK(f.server.passwords.empty());
    CHECK(f.server.commands.empty());
}

// --- sources, Unix sockets

TEST_CASE("connections come from the addresses of the `src` table in turn", "[relay][connector]") {
    relay_house f;
    auto& server = f.serve();
    test::fake_table sources({{"1", "127.0.0.2"}, {"2", "::1"}, {"3", "127.0.0.3"}});
    f.action().sources = &sources;
    f.how.allowed.messages_per_session = 1;
    for (std::size_t i = 1; i <= 3; ++i) {
        f.send();
        f.until_done(i);
    }
    strings from;
    for (const net::endpoint& each : server.clients) from.push_back(each.ip.to_string());
    CHECK(from == strings{"127.0.0.2", "127.0.0.3", "127.0.0.2"});
}

TEST_CASE("without a source that can be used the mail waits", "[relay][connector]") {
    relay_house f;
    auto& server = f.serve();
    test::fake_table sources;
    SECTION("of the host's family") { sources.rows = {{"1", "::1"}}; }
    SECTION("at all") {}
    SECTION("as its table cannot be asked") { sources.unavailable = true; }
    SECTION("on this machine") { sources.rows = {{"1", "192.0.2.7"}}; }
    SECTION("that is an address") { sources.rows = {{"1", "nonsense"}}; }
    f.action().sources = &sources;
    f.send();
    f.until_done(0, 1);
    CHECK(f.house.last_delay().is_transient());
    CHECK(server.connections == 0);
}

TEST_CASE("an LMTP server is reached by its Unix socket", "[relay][connector]") {
    relay_house f;
    const std::string path = f.directory / "lmtp.sock";
    f.servers.push_back(std::make_unique<scripted_server>(f.house.loop, path));
    auto& server = *f.servers.back();
    server.lmtp = true;
    server.answer = [](const std::string& command, int) -> std::optional<std::string> {
        return command.starts_with(". <full@") ? std::optional<std::string>("452 4.2.2 mailbox full") : std::nullopt;
    };
    f.hosts.rows["1"] = "lmtp://" + path;
    f.send({"bob@example.net", "full@example.net"});
    f.until_done(1, 1);
    CHECK(server.heard("LHLO mx.example.org"));
    CHECK(f.house.last_delay().line() == "452 4.2.2 mailbox full");
}

TEST_CASE("a Unix socket that is not there delays the mail and is named", "[relay][connector]") {
    relay_house f;
    f.hosts.rows["1"] = "lmtp://" + (f.directory / "nobody.sock");
    f.send();
    f.until_done(0, 1);
    CHECK_THAT(f.house.last_delay().text(), Contains(f.directory / "nobody.sock"));
}

TEST_CASE("a host that answers nothing is given up after the connect limit", "[relay][connector]") {
    relay_house f;
    auto& server = f.serve();
    server.answer = [](const std::string& command, int) -> std::optional<std::string> {
        return command == "(greeting)" ? std::optional<std::string>(std::string(scripted_server::hold)) : std::nullopt;
    };
    f.send();
    f.until([&] { return server.holding == 1; });
    test::settle(f.house.loop);
    f.house.clock.advance(300s);
    f.until_done(0, 1);
    CHECK(f.house.last_delay().is_transient());
}
