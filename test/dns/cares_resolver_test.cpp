#include "waypost/dns/cares_resolver.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>

#include "support/run_to_end.hpp"
#include "support/virtual_clock.hpp"
#include "tiny_server.hpp"
#include "waypost/async/gather.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/dns/mx_lookup.hpp"

using namespace waypost;
using namespace waypost::dns;
using namespace std::chrono_literals;
using test::asked;
using test::reply_to;
using test::run_to_end;
using test::tiny_server;

namespace {

using datagrams = std::vector<std::string>;
using words = std::vector<std::string>;

/// A server and a resolver that asks it.
struct world {
    explicit world(tiny_server::answers given, std::chrono::milliseconds timeout = 2s, int tries = 1)
        : server(loop, std::move(given)),
          dns(make_cares_resolver(loop.get_executor(), clock,
                                  {.servers = {server.where()}, .timeout = timeout, .tries = tries})) {}

    template <class T>
    T ask(async::awaitable<T> question) {
        return run_to_end(loop, std::move(question));
    }

    /// Lets the loop run until something has happened that will.
    void run_until(const std::function<bool()>& happened) {
        loop.restart();
        const auto limit = std::chrono::steady_clock::now() + 10s;
        while (!happened() && std::chrono::steady_clock::now() < limit) loop.run_one_for(10ms);
        REQUIRE(happened());
    }

    boost::asio::io_context loop;
    test::virtual_clock clock{loop};  // of the cache; c-ares has the real time
    tiny_server server;
    std::unique_ptr<resolver> dns;
};

const std::string ipv4{"\xc0\x00\x02\x01", 4};
const std::string ipv6{"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16};

words texts(const std::vector<net::address>& ips) {
    words list;
    for (const net::address& each : ips) list.push_back(each.to_string());
    std::ranges::sort(list);
    return list;
}

}  // namespace

TEST_CASE("a name has its addresses of both families", "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams {
        if (question.type == test::type_a) {
            return {reply_to(question, 0, {test::a(question.name, ipv4), test::a(question.name, "\x0a\x01\x02\x03")})};
        }
        return {reply_to(question, 0, {{question.name, test::type_aaaa, ipv6}})};
    });
    const auto found = in.ask(in.dns->addresses("mx.example.org"));
    REQUIRE(found.has_value());
    CHECK(texts(*found) == words{"10.1.2.3", "192.0.2.1", "2001:db8::1"});
    CHECK(in.server.questions.size() == 2);
}

TEST_CASE("an alias is followed to its addresses", "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams {
        if (question.type != test::type_a) return {reply_to(question, 0, {test::cname(question.name, "real.org")})};
        return {reply_to(question, 0, {test::cname(question.name, "real.org"), test::a("real.org", ipv4)})};
    });
    CHECK(texts(in.ask(in.dns->addresses("alias.org")).value()) == words{"192.0.2.1"});
}

TEST_CASE("an address in text asks nobody, and localhost is the loopback", "[dns][cares_resolver]") {
    world in([](const asked&, bool) -> datagrams { return {}; });
    CHECK(texts(in.ask(in.dns->addresses("192.0.2.9")).value()) == words{"192.0.2.9"});
    CHECK(texts(in.ask(in.dns->addresses("[2001:db8::9]")).value()) == words{"2001:db8::9"});
    const auto local = in.ask(in.dns->addresses("localhost"));
    REQUIRE(local.has_value());
    CHECK(std::ranges::all_of(*local, [](const net::address& ip) { return ip.is_loopback(); }));
    CHECK(in.ask(in.dns->addresses("a.localhost")).value().size() == 2);
    CHECK_FALSE(in.ask(in.dns->names(boost::asio::ip::make_address("127.0.0.1"))).value().empty());
    CHECK(in.server.questions.empty());
}

TEST_CASE("what does not exist, what has no addresses and what could not be asked are three things",
          "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams {
        if (question.name == "nowhere.org") return {reply_to(question, test::no_such_name, {})};
        if (question.name == "broken.org") return {reply_to(question, test::server_failure, {})};
        if (question.name == "refused.org") return {reply_to(question, test::refused, {})};
        if (question.name == "half.org" && question.type == test::type_a) {
            return {reply_to(question, test::server_failure, {})};
        }
        return {reply_to(question, test::no_error, {})};
    });
    CHECK(in.ask(in.dns->addresses("nowhere.org")).error() == errc::not_found);
    CHECK(in.ask(in.dns->addresses("broken.org")).error() == errc::unavailable);
    CHECK(in.ask(in.dns->addresses("refused.org")).error() == errc::unavailable);
    CHECK(in.ask(in.dns->addresses("empty.org")).value().empty());
    // One family failed and the other one has nothing: that is not "no addresses".
    CHECK(in.ask(in.dns->addresses("half.org")).error() == errc::unavailable);

    CHECK(in.ask(in.dns->mx("nowhere.org")).error() == errc::not_found);
    CHECK(in.ask(in.dns->mx("broken.org")).error() == errc::unavailable);
    CHECK(in.ask(in.dns->mx("empty.org")).value().empty());
}

TEST_CASE("a name that cannot be asked for does not exist", "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams { return {reply_to(question, 0, {})}; });
    for (const std::string& name : {std::string(), std::string("a..b"), std::string(64, 'a') + ".org",
                                    std::string("example.org\0.evil.org", 21)}) {
        CAPTURE(name);
        CHECK(in.ask(in.dns->mx(name)).error() == errc::not_found);
        CHECK(in.ask(in.dns->addresses(name)).error() == errc::not_found);
    }
    CHECK(in.server.questions.empty());
}

TEST_CASE("no search list is added to a name", "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams { return {reply_to(question, test::no_such_name, {})}; });
    CHECK(in.ask(in.dns->addresses("mx")).error() == errc::not_found);
    CHECK(std::ranges::all_of(in.server.questions, [](const std::string& one) { return one.ends_with(" mx"); }));
}

TEST_CASE("MX records come with preference and host, the null MX without host", "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams {
        if (question.name == "null.org") return {reply_to(question, 0, {test::mx(question.name, 0, "")})};
        return {
            reply_to(question, 0,
                     {test::mx(question.name, 20, "b.example.org"), test::mx(question.name, 10, "mx_1.example.org")})};
    });
    auto found = in.ask(in.dns->mx("example.org")).value();
    std::ranges::sort(found);
    CHECK(found == std::vector<mx_record>{{10, "mx_1.example.org"}, {20, "b.example.org"}});
    CHECK(in.ask(in.dns->mx("null.org")).value() == std::vector<mx_record>{{0, ""}});
}

TEST_CASE("five hundred MX records come by TCP", "[dns][cares_resolver]") {
    world in([](const asked& question, bool by_tcp) -> datagrams {
        if (!by_tcp) return {reply_to(question, 0, {}, true)};
        std::vector<test::record> records;
        for (unsigned i = 0; i < 500; ++i) {
            records.push_back(test::mx(question.name, i, "mx" + std::to_string(i) + ".example.org"));
        }
        return {reply_to(question, 0, records)};
    });
    CHECK(in.ask(in.dns->mx("example.org")).value().size() == 500);
    CHECK(in.server.questions == words{"15 example.org", "15 example.org tcp"});
}

TEST_CASE("an address has all the names that it points to", "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams {
        if (question.name == "1.2.0.192.in-addr.arpa") {
            return {reply_to(question, 0,
                             {test::ptr(question.name, "a.example.org"), test::ptr(question.name, "b.example.org")})};
        }
        if (question.name == "2.2.0.192.in-addr.arpa") {
            return {reply_to(question, 0,
                             {test::cname(question.name, "2.sub.2.0.192.in-addr.arpa"),
                              test::ptr("2.sub.2.0.192.in-addr.arpa", "c.example.org")})};
        }
        if (question.name == "3.2.0.192.in-addr.arpa") return {reply_to(question, test::server_failure, {})};
        if (question.name.ends_with(".8.b.d.0.1.0.0.2.ip6.arpa")) {
            return {reply_to(question, 0, {test::ptr(question.name, "six.example.org")})};
        }
        return {reply_to(question, test::no_such_name, {})};
    });
    const auto names = [&in](const char* ip) { return in.ask(in.dns->names(boost::asio::ip::make_address(ip))); };
    words both = names("192.0.2.1").value();
    std::ranges::sort(both);
    CHECK(both == words{"a.example.org", "b.example.org"});
    CHECK(names("::ffff:192.0.2.1").value().size() == 2);
    CHECK(names("192.0.2.2").value() == words{"c.example.org"});  // RFC 2317
    CHECK(names("192.0.2.3").error() == errc::unavailable);
    CHECK(names("192.0.2.4").value().empty());
    CHECK(names("2001:db8::1").value() == words{"six.example.org"});
}

TEST_CASE("a server that never answers is unavailable, after all tries", "[dns][cares_resolver]") {
    world in([](const asked&, bool) -> datagrams { return {}; }, 30ms, 3);
    const auto begin = std::chrono::steady_clock::now();
    CHECK(in.ask(in.dns->mx("example.org")).error() == errc::unavailable);
    CHECK(std::chrono::steady_clock::now() - begin >= 90ms);
    in.run_until([&in] { return in.server.questions.size() == 3; });
}

TEST_CASE("a server that is not there is unavailable", "[dns][cares_resolver]") {
    boost::asio::io_context loop;
    const async::real_clock clock;
    net::endpoint nobody;
    {
        tiny_server closed(loop, [](const asked&, bool) -> datagrams { return {}; });
        nobody = closed.where();
    }
    auto dns = make_cares_resolver(loop.get_executor(), clock, {.servers = {nobody}, .timeout = 50ms, .tries = 1});
    CHECK(run_to_end(loop, dns->addresses("example.org")).error() == errc::unavailable);
}

TEST_CASE("TXT and TLSA records come over the wire", "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams {
        if (question.type == test::type_txt) {
            return {reply_to(question, 0, {{question.name, test::type_txt, "\7v=spf1 \4-all"}})};
        }
        return {reply_to(question, 0, {{question.name, test::type_tlsa, "\3\1\1\xff"}})};
    });
    CHECK(in.ask(in.dns->texts("example.org")).value() == words{"v=spf1 -all"});
    CHECK(in.ask(in.dns->tlsa("_25._tcp.mx.example.org")).value().records ==
          std::vector<tlsa_record>{{3, 1, 1, "\xff"}});
    CHECK(in.server.questions == words{"16 example.org", "52 _25._tcp.mx.example.org"});
}

TEST_CASE("what the resolver has validated is authentic, and nothing else is", "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams {
        const unsigned flags = question.name.starts_with("signed") && question.wants_ad ? 0x81a0 : 0x8180;
        switch (question.type) {
            case test::type_mx: return {test::message_of(question, flags, {test::mx(question.name, 1, "mx.org")})};
            case test::type_a: return {test::message_of(question, flags, {test::a(question.name, ipv4)})};
            case test::type_tlsa:
                return {test::message_of(question, flags, {{question.name, test::type_tlsa, "\3\1\1\xff"}})};
            default: return {test::message_of(question, question.name == "signed.half.org" ? 0x8180 : flags, {})};
        }
    });
    CHECK(in.ask(in.dns->find_mx("signed.org")).value().authentic);
    CHECK(in.ask(in.dns->find_mx("signed.org")).value().authentic);  // from the cache, too
    CHECK_FALSE(in.ask(in.dns->find_mx("plain.org")).value().authentic);
    CHECK(in.ask(in.dns->tlsa("signed.org")).value().authentic);
    CHECK(in.ask(in.dns->find_addresses("signed.org")).value().authentic);
    CHECK_FALSE(in.ask(in.dns->find_addresses("signed.half.org")).value().authentic);
    CHECK_FALSE(in.ask(in.dns->find_addresses("192.0.2.1")).value().authentic);
    CHECK_FALSE(in.ask(in.dns->find_addresses("localhost")).value().authentic);
}

// RFC 6891 section 7
TEST_CASE("a server that does not know EDNS is asked without", "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams {
        if (question.edns) return {reply_to(question, test::format_error, {})};
        return {reply_to(question, 0, {test::mx(question.name, 1, "mx.org")})};
    });
    CHECK(in.ask(in.dns->mx("a.org")).value().size() == 1);
    (void)in.ask(in.dns->mx("b.org"));  // c-ares has given EDNS up by itself, and the channel hears of it now
    CHECK(in.ask(in.dns->mx("c.org")).value().size() == 1);
    CHECK(in.server.questions.back() == "15 c.org");
}

TEST_CASE("the second server is asked when the first one fails", "[dns][cares_resolver]") {
    boost::asio::io_context loop;
    const async::real_clock clock;
    tiny_server broken(
        loop, [](const asked& question, bool) -> datagrams { return {reply_to(question, test::server_failure, {})}; });
    tiny_server good(loop, [](const asked& question, bool) -> datagrams {
        return {reply_to(question, 0, {test::mx(question.name, 1, "mx.org")})};
    });
    auto dns =
        make_cares_resolver(loop.get_executor(), clock, {.servers = {broken.where(), good.where()}, .timeout = 2s});
    CHECK(run_to_end(loop, dns->mx("example.org")).value() == std::vector<mx_record>{{1, "mx.org"}});
}

TEST_CASE("an answer of another id or to another question is not taken", "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams {
        asked wrong_id = question;
        wrong_id.id ^= 1U;
        asked wrong_name = question;
        wrong_name.section = test::wire_name("other.org") + test::u16(question.type) + test::u16(1);
        const auto evil = test::mx(question.name, 1, "evil.org");
        return {reply_to(wrong_id, 0, {evil}), reply_to(wrong_name, 0, {evil}),
                reply_to(question, 0, {test::mx(question.name, 2, "good.org")})};
    });
    CHECK(in.ask(in.dns->mx("example.org")).value() == std::vector<mx_record>{{2, "good.org"}});
}

TEST_CASE("garbage in front of an answer does no harm", "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams {
        const std::string good = reply_to(question, 0, {test::mx(question.name, 2, "good.org")});
        return {std::string("\0", 1), "garbage", std::string(4096, '\xff'), good.substr(0, 11), good};
    });
    CHECK(in.ask(in.dns->mx("example.org")).value() == std::vector<mx_record>{{2, "good.org"}});
}

// CVE-2023-32067: such a datagram looked to c-ares like a closed connection.
TEST_CASE("an empty datagram ends no question", "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams {
        return {"", reply_to(question, 0, {test::mx(question.name, 2, "good.org")})};
    });
    CHECK(in.ask(in.dns->mx("example.org")).value() == std::vector<mx_record>{{2, "good.org"}});
}

TEST_CASE("an answer cut short is malformed or not taken, at every length", "[dns][cares_resolver]") {
    std::size_t cut = 0;
    world in(
        [&cut](const asked& question, bool) -> datagrams {
            return {reply_to(question, 0, {test::mx(question.name, 2, "mx.good.org")}).substr(0, cut)};
        },
        20ms);
    asked question = {
        .id = 0, .name = "e.org", .type = test::type_mx, .section = test::wire_name("e.org") + "\0\x0f\0\1"};
    const std::size_t whole = reply_to(question, 0, {test::mx("e.org", 2, "mx.good.org")}).size();
    for (cut = 1; cut + 4 < whole; ++cut) {
        const auto given = in.ask(in.dns->mx("e.org"));
        CAPTURE(cut);
        CHECK((given.has_error() && given.error() != errc::not_found));
    }
}

TEST_CASE("an answer of TCP that ends half way is unavailable", "[dns][cares_resolver]") {
    world in(
        [](const asked& question, bool by_tcp) -> datagrams {
            if (!by_tcp) return {reply_to(question, 0, {}, true)};
            return {std::string("\0\0", 2)};
        },
        100ms);
    CHECK(in.ask(in.dns->mx("example.org")).has_error());
}

TEST_CASE("a thousand questions at once are all answered, and none is lost in the rush", "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams {
        return {reply_to(question, 0, {test::mx(question.name, 1, "mx." + question.name)})};
    });
    std::vector<async::awaitable<base::result<std::vector<mx_record>>>> questions;
    for (int i = 0; i < 1000; ++i) questions.push_back(in.dns->mx("d" + std::to_string(i) + ".org"));
    const auto answers = in.ask(async::gather(std::move(questions)));
    REQUIRE(answers.size() == 1000);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        REQUIRE(answers[i].has_value());
        CHECK(answers[i]->at(0).host == "mx.d" + std::to_string(i) + ".org");
    }
    CHECK(in.server.questions.size() == 1000);
}

TEST_CASE("MX hosts are found over the wire", "[dns][cares_resolver]") {
    world in([](const asked& question, bool) -> datagrams {
        if (question.type == test::type_mx) {
            return {
                reply_to(question, 0, {test::mx(question.name, 20, "b.org"), test::mx(question.name, 10, "a.org")})};
        }
        if (question.type == test::type_a) return {reply_to(question, 0, {test::a(question.name, ipv4)})};
        return {reply_to(question, 0, {})};
    });
    const auto found = in.ask(find_mx_hosts(*in.dns, "example.org"));
    REQUIRE(std::holds_alternative<std::vector<mx_host>>(found));
    const auto& hosts = std::get<std::vector<mx_host>>(found);
    REQUIRE(hosts.size() == 2);
    CHECK(hosts[0].name == "a.org");
    CHECK(texts(hosts[1].addresses) == words{"192.0.2.1"});
}

namespace {

using mx_result = base::result<std::vector<mx_record>>;

async::awaitable<> keep(resolver& dns, std::string domain, std::optional<mx_result>& into) {
    into = co_await dns.mx(std::move(domain));
}

async::awaitable<> addresses_for_ever(resolver& dns, std::string name) {
    for (;;) (void)co_await dns.addresses(name);
}

async::awaitable<bool> stop(async::task_group& group) {
    co_await group.stop();
    co_return true;
}

}  // namespace

TEST_CASE("a resolver may end with questions under way, and with more that wait", "[dns][cares_resolver]") {
    world in([](const asked&, bool) -> datagrams { return {}; });
    std::vector<std::optional<mx_result>> given(500);
    async::task_group group(in.loop.get_executor());
    for (std::size_t i = 0; i < given.size(); ++i) {
        group.start(keep(*in.dns, "d" + std::to_string(i) + ".org", given[i]));
    }
    in.run_until([&in] { return in.server.questions.size() == 128; });
    CHECK_FALSE(given.front().has_value());
    in.dns.reset();
    in.run_until([&group] { return group.size() == 0; });
    for (const auto& each : given) {
        REQUIRE(each.has_value());
        CHECK(each->error() == errc::unavailable);
    }
}

TEST_CASE("who is cancelled leaves his question behind", "[dns][cares_resolver]") {
    std::vector<asked> late;
    world in(
        [&late](const asked& question, bool) -> datagrams {
            late.push_back(question);
            return {};
        },
        20ms);
    {
        async::task_group group(in.loop.get_executor());
        for (int i = 0; i < 200; ++i) group.start(addresses_for_ever(*in.dns, std::to_string(i) + ".org"));
        in.run_until([&late] { return late.size() >= 128; });
        CHECK(in.ask(stop(group)));
    }
    // His questions time out with nobody to tell, and make room for others.
    CHECK(in.ask(in.dns->mx("example.org")).error() == errc::unavailable);
    in.run_until([&late] { return late.back().name == "example.org"; });
}

TEST_CASE("a loop with a resolver that has nothing to do comes to its end", "[dns][cares_resolver]") {
    boost::asio::io_context loop;
    const async::real_clock clock;
    std::unique_ptr<resolver> dns;
    {
        tiny_server server(loop, [](const asked& question, bool) -> datagrams { return {reply_to(question, 0, {})}; });
        dns = make_cares_resolver(loop.get_executor(), clock, {.servers = {server.where()}});
        CHECK(run_to_end(loop, dns->mx("example.org")).value().empty());
    }
    const auto begin = std::chrono::steady_clock::now();
    loop.restart();
    loop.run();
    CHECK(std::chrono::steady_clock::now() - begin < 2s);
}

TEST_CASE("a DNS server that is no address is refused at the start", "[dns][cares_resolver]") {
    boost::asio::io_context loop;
    const async::real_clock clock;
    CHECK_NOTHROW(make_cares_resolver(loop.get_executor(), clock, {}));
    CHECK_NOTHROW(make_cares_resolver(loop.get_executor(), clock,
                                      {.servers = {{boost::asio::ip::make_address("2001:db8::1"), 5353}}}));
}
