#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "support/run_to_end.hpp"
#include "support/run_until.hpp"
#include "support/temporary_directory.hpp"
#include "support/virtual_clock.hpp"
#include "tiny_server.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/dns/cares_resolver.hpp"

using namespace waypost;
using namespace waypost::dns;
using namespace std::chrono_literals;
using test::asked;
using test::reply_to;
using test::run_to_end;
using test::tiny_server;

namespace {

using datagrams = std::vector<std::string>;
using mx_result = base::result<std::vector<mx_record>>;

tiny_server::answers saying(std::string host) {
    return [host = std::move(host)](const asked& question, bool) -> datagrams {
        return {reply_to(question, 0, {test::mx(question.name, 1, host)})};
    };
}

/// Two servers, and a resolv.conf that names one of them; it cannot name ports, so they share one.
struct world {
    explicit world(tiny_server::answers of_first = saying("first.org")) : first(loop, std::move(of_first)) {
        name(first);
        dns = make_cares_resolver(loop.get_executor(), clock,
                                  {.resolv_conf = file, .port = first.where().port, .timeout = 2s, .tries = 1});
    }

    void name(const tiny_server& server, const std::string& options = {}) {
        // Another file in its place, as resolvconf(8) and editors do it.
        const std::string other = directory / "other";
        test::write_file(other, "nameserver " + server.where().ip.to_string() + "\n" + options);
        std::filesystem::rename(other, file);
    }

    std::string host(const std::string& domain = "example.org") {
        const auto found = run_to_end(loop, dns->mx(domain));
        return found.has_value() && !found->empty() ? found->front().host : "none";
    }

    test::temporary_directory directory;
    std::string file = directory / "resolv.conf";
    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    tiny_server first;
    tiny_server second{loop, saying("second.org"), {boost::asio::ip::make_address("127.0.0.2"), first.where().port}};
    std::unique_ptr<resolver> dns;
};

async::awaitable<> keep(resolver& dns, std::optional<mx_result>& into) { into = co_await dns.mx("slow.org"); }

}  // namespace

TEST_CASE("a changed resolv.conf counts from the next second on, and what is known is forgotten",
          "[dns][name_servers]") {
    world in;
    CHECK(in.host() == "first.org");
    in.name(in.second);
    CHECK(in.host("b.org") == "first.org");
    in.clock.advance(1s);
    CHECK(in.host("c.org") == "second.org");
    CHECK(in.host() == "second.org");
    CHECK(in.first.questions.size() == 2);
}

TEST_CASE("a resolv.conf that stays as it is lets the cache be", "[dns][name_servers]") {
    world in;
    CHECK(in.host() == "first.org");
    in.clock.advance(10s);
    CHECK(in.host() == "first.org");
    CHECK(in.first.questions.size() == 1);
}

TEST_CASE("a resolv.conf that is gone changes nothing", "[dns][name_servers]") {
    world in;
    std::filesystem::remove(in.file);
    in.clock.advance(10s);
    CHECK(in.host() == "first.org");
    in.name(in.second);
    in.clock.advance(10s);
    CHECK(in.host() == "second.org");
}

TEST_CASE("questions under way are answered by the servers that were asked", "[dns][name_servers]") {
    std::optional<asked> held;
    world in([&held](const asked& question, bool) -> datagrams {
        held = question;
        return {};
    });
    std::optional<mx_result> given;
    async::task_group group(in.loop.get_executor());
    group.start(keep(*in.dns, given));
    test::run_until(in.loop, [&held] { return held.has_value(); });

    in.name(in.second);
    in.clock.advance(1s);
    CHECK(in.host() == "second.org");
    CHECK(in.host("slow.org") == "second.org");  // not shared with who asks the former servers
    CHECK_FALSE(given.has_value());

    // The former channel is still there: its question comes to its end.
    in.first.send_to_last_peer(reply_to(*held, 0, {test::mx("slow.org", 1, "first.org")}));
    test::run_until(in.loop, [&given] { return given.has_value(); });
    CHECK(given->value() == std::vector<mx_record>{{1, "first.org"}});
    CHECK(in.host("slow.org") == "second.org");  // nor does its answer come into the cache
}

TEST_CASE("servers take turns if they shall", "[dns][name_servers]") {
    boost::asio::io_context loop;
    const async::real_clock clock;
    tiny_server one(loop, saying("one.org"));
    tiny_server other(loop, saying("other.org"));
    for (const bool rotate : {false, true}) {
        auto dns = make_cares_resolver(loop.get_executor(), clock,
                                       {.servers = {one.where(), other.where()}, .rotate = rotate});
        for (int i = 0; i < 10; ++i) CHECK(run_to_end(loop, dns->mx(std::to_string(i) + ".org")).has_value());
        CHECK(other.questions.size() == (rotate ? 5 : 0));
    }
}

TEST_CASE("the address of a server is written with its port or without", "[dns][cares_resolver]") {
    CHECK(net::to_string(parse_server("192.0.2.53").value()) == "192.0.2.53:53");
    CHECK(net::to_string(parse_server("192.0.2.53:5353").value()) == "192.0.2.53:5353");
    CHECK(net::to_string(parse_server("[2001:db8::53]:5353").value()) == "[2001:db8::53]:5353");
    CHECK(net::to_string(parse_server("2001:db8::53").value()) == "[2001:db8::53]:53");
    for (const char* text : {"", "localhost", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:65536", ":53"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_server(text).has_value());
    }
}

TEST_CASE("audit 41: the AD bit is believed where resolv.conf has trust-ad", "[dns][name_servers]") {
    world in([](const asked& question, bool) -> datagrams {
        return {test::message_of(question, 0x81a0, {test::mx(question.name, 1, "mx.org")})};
    });
    const auto is_authentic = [&in](const std::string& options) {
        in.name(in.first, options);
        in.clock.advance(2s);
        return run_to_end(in.loop, in.dns->find_mx("example.org")).value().authentic;
    };
    CHECK_FALSE(is_authentic("options edns0\n"));
    CHECK(is_authentic("options edns0 trust-ad\n"));
    CHECK_FALSE(is_authentic("# options trust-ad\n"));
    CHECK(is_authentic("options edns0\noptions\ttrust-ad  # as systemd-resolved writes it\n"));
}
