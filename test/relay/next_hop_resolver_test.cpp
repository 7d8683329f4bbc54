#include "next_hop_resolver.hpp"

#include <catch2/catch.hpp>

#include "own_addresses.hpp"
#include "relay_alone.hpp"
#include "support/fake_table.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/dns/resolver.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using mail::transport_security;
using relay::candidate;
using test::fake_table;

namespace {

using strings = std::vector<std::string>;
using knowledge = candidate::knowledge;

struct fixture {
    test::relay_surroundings world;
    fake_table urls;
    spool::next_hop hop{.action = "out", .domain = "example.net"};
    unsigned news = 0;
    relay::next_hop_resolver to{world.with, hop, world.action, world.our_name, [this] { ++news; }};
    async::task_group side_tasks{world.house.loop.get_executor()};

    ~fixture() { test::finish(world.house.loop, side_tasks.stop()); }

    test::fake_resolver& dns() { return world.dns; }
    relay::action_settings& action() { return world.action; }
    test::virtual_clock& clock() { return world.house.clock; }
    void use_urls(std::map<std::string, std::string> rows) {
        urls.rows = std::move(rows);
        action().hosts = &urls;
    }
    void use_mx() {
        dns().mail("example.net", {{20, "second.example"}, {10, "first.example"}});
        dns().host("first.example", {"192.0.2.1", "2001:db8::1"}).host("second.example", {"192.0.2.2"});
    }
    void ask() { test::finish(world.house.loop, to.ask()); }
    /// Without waiting for the end.
    void begin() {
        side_tasks.start(to.ask());
        test::settle(world.house.loop);
    }
    void let_go(const std::string& name) {
        dns().let_go(name);
        test::settle(world.house.loop);
    }
    strings hosts() const {
        strings all;
        for (const candidate& each : to.hosts()) all.push_back(each.url.host);
        return all;
    }
    strings where(std::size_t index) const {
        strings all;
        for (const relay::host& each : to.hosts()[index].hosts) all.push_back(each.text());
        return all;
    }
    mail::status fault() const {
        REQUIRE(to.fault().has_value());
        return *to.fault();
    }
    strings sources() const {
        strings all;
        for (const relay::source& each : to.sources()) all.push_back(each.to_string());
        return all;
    }
    /// How long the pause lasts that begins now.
    std::chrono::seconds pause() {
        std::chrono::seconds waited{0};
        while (!to.is_stale()) {
            clock().advance(1s);
            ++waited;
        }
        return waited;
    }
};

}  // namespace

// --- relay URLs

TEST_CASE("the URLs of a table are equals, and each asking begins with the next", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_urls({{"1", "smtp://192.0.2.1"}, {"2", "smtp://192.0.2.2"}, {"3", "smtp://192.0.2.3"}});
    f.ask();
    CHECK(f.hosts() == strings{"192.0.2.1", "192.0.2.2", "192.0.2.3"});
    for (const candidate& each : f.to.hosts()) CHECK(each.preference == f.to.hosts()[0].preference);
    f.ask();
    CHECK(f.hosts() == strings{"192.0.2.2", "192.0.2.3", "192.0.2.1"});
}

TEST_CASE("with `ordered` a URL is better than those behind it", "[relay][next_hop_resolver]") {
    fixture f;
    f.action().ordered = true;
    f.use_urls({{"1", "smtp://192.0.2.1"}, {"2", "ssl://192.0.2.2"}, {"3", "smtp://192.0.2.3"}});
    f.ask();
    CHECK(f.hosts() == strings{"192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.3"});
    for (std::size_t i = 1; i < 4; ++i) CHECK(f.to.hosts()[i - 1].preference < f.to.hosts()[i].preference);
}

TEST_CASE("with `ordered` the order stays from asking to asking", "[relay][next_hop_resolver]") {
    fixture f;
    f.action().ordered = true;
    f.use_urls({{"1", "smtp://192.0.2.1"}, {"2", "smtp://192.0.2.2"}, {"3", "smtp://192.0.2.3"}});
    for (int i = 0; i < 3; ++i) {
        f.ask();
        CHECK(f.hosts() == strings{"192.0.2.1", "192.0.2.2", "192.0.2.3"});
    }
}

TEST_CASE("a URL that is there twice does not hide those behind it", "[relay][next_hop_resolver]") {
    fixture f;
    f.action().ordered = GENERATE(true, false);
    f.use_urls({{"1", "smtp://192.0.2.1"}, {"2", "smtp://192.0.2.1"}, {"3", "smtp://192.0.2.3"}});
    f.ask();
    CHECK(f.hosts() == strings{"192.0.2.1", "192.0.2.3"});
}

TEST_CASE("of a very long table every entry has its turn", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    fake_table from;
    for (int i = 100; i < 200; ++i) from.rows[std::to_string(i)] = "192.0.2." + std::to_string(i);
    f.action().sources = &from;
    for (int i = 100; i < 200; ++i) {
        f.ask();
        CHECK(f.sources().front() == "192.0.2." + std::to_string(i));
        CHECK(f.sources().size() == 64);
    }
}

TEST_CASE("`ssl` is TLS from the first byte and, as a worse one, STARTTLS", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_urls({{"1", "ssl://192.0.2.1"}});
    SECTION("at the ports of both") {
        f.ask();
        REQUIRE(f.hosts().size() == 2);
        CHECK(f.where(0) == strings{"192.0.2.1:465"});
        CHECK(f.where(1) == strings{"192.0.2.1:25"});
    }
    SECTION("at the port that is written") {
        f.use_urls({{"1", "ssl://192.0.2.1:2525"}});
        f.ask();
        REQUIRE(f.hosts().size() == 2);
        CHECK(f.where(0) == strings{"192.0.2.1:2525"});
        CHECK(f.where(1) == strings{"192.0.2.1:2525"});
    }
    CHECK(f.to.hosts()[0].url.security == transport_security::implicit);
    CHECK(f.to.hosts()[1].url.security == transport_security::starttls);
    CHECK(f.to.hosts()[0].preference < f.to.hosts()[1].preference);
}

TEST_CASE("an entry that is no URL is passed over", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_urls({{"1", "gopher://a.example"}, {"2", "smtp://192.0.2.2"}, {"3", ""}});
    f.ask();
    CHECK(f.hosts() == strings{"192.0.2.2"});
    CHECK_FALSE(f.to.fault().has_value());
}

TEST_CASE("of a very long table not all entries are looked at", "[relay][next_hop_resolver]") {
    fixture f;
    std::map<std::string, std::string> many;
    for (int i = 100; i < 300; ++i) many[std::to_string(i)] = "smtp://192.0.2.1:" + std::to_string(i);
    f.use_urls(many);
    f.ask();
    CHECK(f.hosts().size() == 64);
}

TEST_CASE("a table without a usable URL defers the mail and is named", "[relay][next_hop_resolver]") {
    fixture f;
    SECTION("empty") { f.use_urls({}); }
    SECTION("nonsense") { f.use_urls({{"1", "gopher://a.example"}}); }
    f.ask();
    CHECK(f.fault().line() == "451 4.3.5 Configuration error on this host");
    CHECK(f.urls.complaints.size() == 1);
    CHECK(f.hosts().empty());
}

TEST_CASE("a table that cannot be asked defers the mail", "[relay][next_hop_resolver]") {
    fixture f;
    f.urls.unavailable = true;
    SECTION("of URLs") { f.use_urls({}); }
    SECTION("of URLs by domain") { f.action().by_domain = &f.urls; }
    SECTION("of sources") { f.action().sources = &f.urls; }
    f.ask();
    CHECK(f.fault().is_transient());
}

TEST_CASE("`relay domain` takes the URL of the recipient's domain", "[relay][next_hop_resolver]") {
    fixture f;
    f.action().by_domain = &f.urls;
    f.urls.rows = {{"example.net", "smtp+tls://192.0.2.9:2525"}, {"example.org", "smtp://192.0.2.8"}};
    f.ask();
    REQUIRE(f.hosts() == strings{"192.0.2.9"});
    CHECK(f.where(0) == strings{"192.0.2.9:2525"});
    CHECK(f.to.hosts()[0].url.security == transport_security::starttls);
}

TEST_CASE("a domain without a URL in its table is deferred", "[relay][next_hop_resolver]") {
    fixture f;
    f.action().by_domain = &f.urls;
    std::string reason = "No relay is known for example.net";
    SECTION("none") {}
    SECTION("nonsense") {
        f.urls.rows = {{"example.net", "gopher://a.example"}};
        reason = "Configuration error on this host";
    }
    f.ask();
    CHECK(f.fault().line() == "451 4.3.5 " + reason);
    REQUIRE(f.urls.complaints.size() == 1);
    CHECK_THAT(f.urls.complaints[0], Contains("example.net"));
}

TEST_CASE("the action's `tls` raises what would go in clear if it must, and nothing else",
          "[relay][next_hop_resolver]") {
    fixture f;
    f.action().tls = GENERATE(transport_security::starttls, transport_security::implicit);
    f.use_urls({{"1", "smtp://192.0.2.1"}, {"2", "smtps://192.0.2.2"}, {"3", "smtp+tls://192.0.2.4"}});
    f.ask();
    REQUIRE(f.hosts().size() == 3);
    CHECK(f.to.hosts()[0].url.security == *f.action().tls);
    CHECK(f.to.hosts()[1].url.security == transport_security::implicit);
    CHECK(f.to.hosts()[2].url.security == transport_security::starttls);
}

// --- rows that change

namespace {

struct bad_url {
    std::string row;
    bool has_auth = false;
    bool tls = false;
};
/// All that the load-time check knows.
const std::vector<bad_url> bad_urls = {
    {"smtp+tls://lab@192.0.2.9"},
    {"smtps://lab@192.0.2.9"},
    {"smtp+notls://192.0.2.9", true, true},
    {"smtp+notls://192.0.2.9", false, true},
    {"smtp://192.0.2.9", true, false},
    {"smtp+tls://192.0.2.9", true, true},
    {"lmtp://192.0.2.9:24", true, false},
    {"lmtp:///run/lmtp", false, true},
    {"gopher://192.0.2.9"},
    {"smtp://lab@192.0.2.9", true, false},
    {"smtps://user:secret@192.0.2.9", true, false},
    {"smtp+tls://alice:secret.example.net"},
    {"alice:secret"},
    {"smtp://192.0.2.9:0"},
    {"smtp://a\r\nRCPT TO:<x@y>"},
    {"smtp://-x"},
    {"//192.0.2.9"},
    {""},
};

}  // namespace

TEST_CASE("audit 1: a relay URL that changes to what its action cannot use defers the mail, and is told",
          "[relay][next_hop_resolver]") {
    for (const bool is_list : {true, false}) {
        for (const bad_url& each : bad_urls) {
            CAPTURE(is_list, each.row, each.has_auth, each.tls);
            fixture f;
            fake_table secrets({{"lab", "user:secret"}});
            if (each.has_auth) f.action().credentials = &secrets;
            if (each.tls) f.action().tls = transport_security::starttls;
            const std::string good = each.has_auth ? "smtp+tls://lab@192.0.2.1" : "smtp+tls://192.0.2.1";
            (is_list ? f.action().hosts : f.action().by_domain) = &f.urls;
            f.urls.rows = {{"example.net", good}};
            f.ask();
            REQUIRE(f.hosts() == strings{"192.0.2.1"});
            f.urls.rows = {{"example.net", each.row}};
            f.ask();
            CHECK(f.hosts().empty());  // the old one does not serve on
            CHECK(f.fault().is_transient());
            CHECK(f.fault().line() == "451 4.3.5 Configuration error on this host");
            if (is_list || !each.row.empty()) CHECK(f.urls.complaints.size() == 1);
            for (const std::string& told : f.urls.complaints) CHECK_THAT(told, !Contains("secret"));
            f.urls.rows = {{"example.net", good}};
            f.ask();
            CHECK(f.hosts() == strings{"192.0.2.1"});
        }
    }
}

TEST_CASE("audit 1: beside a usable relay URL one that is not is left out, and told", "[relay][next_hop_resolver]") {
    fixture f;
    f.action().tls = transport_security::starttls;
    f.use_urls({{"1", "smtp+notls://192.0.2.1"}, {"2", "smtp://192.0.2.2"}, {"3", "lmtp://192.0.2.3:24"}});
    f.ask();
    CHECK(f.hosts() == strings{"192.0.2.2"});
    CHECK(f.to.hosts()[0].url.security == transport_security::starttls);
    CHECK(f.urls.complaints.size() == 2);
}

TEST_CASE("audit 19: a live source that is no address is told, and the mail waits where there is no other",
          "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    fake_table from({{"1", "127.0.0.2"}});
    f.action().sources = &from;
    f.ask();
    REQUIRE(f.hosts().size() == 2);
    from.rows = {{"1", "127.0.0.2\r\nQUIT"}};
    f.ask();
    CHECK(f.fault().is_transient());
    CHECK(f.sources().empty());
    REQUIRE(from.complaints.size() == 1);
    CHECK_THAT(from.complaints[0], Contains("no address to send from"));
}

TEST_CASE("literal addresses and Unix sockets are known without asking anybody", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_urls({{"1", "smtp://192.0.2.1"}, {"2", "smtp://[2001:db8::1]"}, {"3", "lmtp:///run/lmtp.sock"}});
    f.ask();
    REQUIRE(f.hosts().size() == 3);
    CHECK(f.where(0) == strings{"192.0.2.1:25"});
    CHECK(f.where(1) == strings{"[2001:db8::1]:25"});
    CHECK(f.where(2) == strings{"/run/lmtp.sock"});
    CHECK(f.dns().questions.empty());
}

TEST_CASE("a relay whose name does not resolve is never the mail's fault", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_urls({{"1", "smtp://relay.example"}});
    SECTION("it does not exist") {}
    SECTION("it has no address") { f.dns().host("relay.example", {}); }
    SECTION("the DNS does not answer") {
        f.dns().hosts.insert_or_assign("relay.example", base::error_code(dns::errc::unavailable));
    }
    f.ask();
    REQUIRE(f.hosts().size() == 1);
    CHECK(f.to.hosts()[0].state == knowledge::nowhere);
    CHECK(f.to.hosts()[0].because.is_transient());
    CHECK_THAT(f.to.hosts()[0].because.text(), Contains("relay.example"));
}

TEST_CASE("a relay that is known is usable while another is still being looked up", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_urls({{"1", "smtp://slow.example"}, {"2", "smtp://fast.example"}});
    f.dns().host("slow.example", {"192.0.2.1"}).host("fast.example", {"192.0.2.2"}).hold("slow.example");
    f.begin();
    CHECK(f.to.asking());
    CHECK(f.news > 0);
    REQUIRE(f.hosts() == strings{"slow.example", "fast.example"});
    CHECK(f.to.hosts()[0].state == knowledge::asking);
    CHECK(f.to.hosts()[1].state == knowledge::known);
    f.let_go("slow.example");
    CHECK(f.to.hosts()[0].state == knowledge::known);
    CHECK_FALSE(f.to.asking());
}

TEST_CASE("audit 48: the URL of an address literal has one pair of brackets", "[relay][next_hop_resolver]") {
    fixture f;
    f.hop.domain = GENERATE("[IPv6:2001:db8::1]", "[192.0.2.7]");
    f.ask();
    REQUIRE(f.to.hosts().size() == 1);
    const bool is_six = f.hop.domain.starts_with("[IPv6");
    CHECK(f.to.hosts()[0].url.text() == (is_six ? "smtp://[2001:db8::1]" : "smtp://192.0.2.7"));
    CHECK(f.where(0) == strings{is_six ? "[2001:db8::1]:25" : "192.0.2.7:25"});
}

// --- sources

TEST_CASE("without a table the kernel chooses the source", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    f.ask();
    REQUIRE(f.to.sources().size() == 1);
    CHECK(f.to.sources()[0].is_unspecified());
}

TEST_CASE("the sources are those addresses that the table has", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    fake_table from({{"1", "127.0.0.2"}, {"2", "nonsense"}, {"3", "::1"}});
    f.action().sources = &from;
    f.ask();
    CHECK(f.sources() == strings{"127.0.0.2", "::1"});
    CHECK_FALSE(f.to.fault().has_value());
}

TEST_CASE("a table without a source defers the mail and asks for no host", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    fake_table from;
    SECTION("empty") {}
    SECTION("nonsense") { from.rows = {{"1", "nonsense"}}; }
    f.action().sources = &from;
    f.ask();
    CHECK(f.fault().is_transient());
    CHECK_THAT(f.fault().text(), Contains("fake"));
    CHECK(f.dns().questions.empty());
}

// --- MX hosts

TEST_CASE("without URLs the MX hosts of the domain are tried, best first, at port 25", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    f.ask();
    REQUIRE(f.hosts() == strings{"first.example", "second.example"});
    CHECK(f.where(0) == strings{"192.0.2.1:25", "[2001:db8::1]:25"});
    CHECK(f.to.hosts()[0].preference < f.to.hosts()[1].preference);
    CHECK(f.to.hosts()[0].url.security == transport_security::opportunistic);
    CHECK(f.to.hosts()[0].url.label.empty());
}

TEST_CASE("MX hosts are raised by `tls` too", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    f.action().tls = transport_security::starttls;
    f.ask();
    REQUIRE(f.hosts().size() == 2);
    for (const candidate& each : f.to.hosts()) CHECK(each.url.security == transport_security::starttls);
}

TEST_CASE("a slow answer about a worse MX host does not hold up the best", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    f.dns().hold("second.example");
    f.begin();
    CHECK(f.to.asking());
    REQUIRE(f.hosts().size() == 2);
    CHECK(f.to.hosts()[0].state == knowledge::known);
    CHECK(f.to.hosts()[1].state == knowledge::asking);
    const unsigned before = f.news;
    f.let_go("second.example");
    CHECK(f.to.hosts()[1].state == knowledge::known);
    CHECK(f.news > before);
}

TEST_CASE("a domain that takes no mail is a failure for good", "[relay][next_hop_resolver]") {
    fixture f;
    SECTION("it does not exist") {
        f.ask();
        CHECK(f.fault().enhanced() == mail::enhanced_code{5, 1, 2});
    }
    SECTION("it says so (RFC 7505)") {
        f.dns().mail("example.net", {{0, ""}});
        f.ask();
        CHECK(f.fault().code() == 556);
        CHECK(f.fault().enhanced() == mail::enhanced_code{5, 1, 10});
    }
    SECTION("no host of it has an address") {
        f.dns().mail("example.net", {{10, "bare.example"}}).host("bare.example", {});
        f.ask();
    }
    CHECK(f.fault().is_permanent());
}

TEST_CASE("a DNS that cannot be asked defers the mail, always", "[relay][next_hop_resolver]") {
    fixture f;
    const base::error_code why = GENERATE(dns::errc::unavailable, dns::errc::malformed);
    SECTION("for the MX records") { f.dns().mail_hosts.insert_or_assign("example.net", why); }
    SECTION("for the addresses") {
        f.dns().mail("example.net", {{10, "first.example"}});
        f.dns().hosts.insert_or_assign("first.example", why);
    }
    f.ask();
    CHECK(f.fault().is_transient());
}

TEST_CASE("where we are an MX host ourselves, only better ones are tried (RFC 5321 5.1)",
          "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    f.dns().mail("example.net", {{10, "first.example"}, {20, "MX.example.org"}, {20, "second.example"}, {30, "third"}});
    f.dns().host("mx.example.org", {"192.0.2.8"}).host("third", {"192.0.2.3"});
    f.ask();
    CHECK(f.hosts() == strings{"first.example"});
    CHECK_FALSE(f.to.fault().has_value());
}

TEST_CASE("where we are the best MX host ourselves, the mail would loop", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    f.dns().mail("example.net", {{5, "mx.example.org"}, {5, "first.example"}, {20, "second.example"}});
    f.dns().host("mx.example.org", {"192.0.2.8"});
    f.ask();
    CHECK(f.fault().is_permanent());
    CHECK(f.fault().enhanced() == mail::enhanced_code{5, 4, 6});
    CHECK(f.hosts().empty());
}

TEST_CASE("`backup` tries only hosts that are better than the one named", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    SECTION("by a name of its own") { f.action().backup = "Second.example"; }
    SECTION("by our name") {
        f.action().backup = "";
        f.dns().mail("example.net", {{10, "first.example"}, {20, "mx.example.org"}});
        f.dns().host("mx.example.org", {"192.0.2.8"});
    }
    f.ask();
    CHECK(f.hosts() == strings{"first.example"});
}

TEST_CASE("`backup` for a domain that does not know us waits", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    f.action().backup = "third.example";
    f.ask();
    CHECK(f.fault().is_transient());
    CHECK_THAT(f.fault().text(), Contains("third.example") && Contains("example.net"));
    CHECK(f.hosts().empty());
}

namespace {

net::endpoint listener(const std::string& ip, std::uint16_t port = 25) {
    return {net::parse_address(ip).value(), port};
}

}  // namespace

TEST_CASE("structural 3: an MX host at an address where we listen is this host under another name",
          "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    const auto ask = [&f](std::vector<net::endpoint> listeners) {
        relay::own_addresses us(std::move(listeners), f.world.house.clock,
                                [] { return relay::own_addresses::addresses{}; });
        relay::next_hop_resolver to(f.world.with, f.hop, f.world.action, f.world.our_name, [] {}, &us);
        test::finish(f.world.house.loop, to.ask());
        strings all;
        for (const candidate& each : to.hosts()) all.push_back(each.url.host);
        if (to.fault()) all.push_back(to.fault()->line());
        return all;
    };
    const strings both{"first.example", "second.example"};
    CHECK(ask({}) == both);
    CHECK(ask({listener("192.0.2.1", 2525)}) == both);  // another port is another server
    CHECK(ask({listener("192.0.2.9")}) == both);
    CHECK(ask({listener("192.0.2.2")}) == strings{"first.example"});
    CHECK(ask({listener("192.0.2.2"), listener("2001:db8::1")}).front().starts_with("550 5.4.6"));
    CHECK(ask({listener("192.0.2.1")}).front().starts_with("550 5.4.6"));
    CHECK(ask({listener("0.0.0.0"), listener("::")}) == both);  // no interface has these addresses
}

TEST_CASE("a listener on all addresses has the loopback too, at its port", "[relay][next_hop_resolver]") {
    fixture f;
    const auto like = [&f](const std::string& there, const std::string& ours) {
        relay::own_addresses us({listener(ours)}, f.world.house.clock,
                                [] { return relay::own_addresses::addresses{}; });
        return us.of(listener(there));
    };
    using relay::likeness;
    CHECK(like("127.0.0.2", "0.0.0.0") == likeness::this_host);
    CHECK(like("::ffff:127.0.0.2", "0.0.0.0") == likeness::this_host);
    CHECK(like("::1", "::") == likeness::this_host);
    CHECK(like("::1", "0.0.0.0") == likeness::another);
    CHECK(like("127.0.0.2", "::") == likeness::another);
    CHECK(like("127.0.0.2", "127.0.0.2") == likeness::this_host);
    CHECK(like("127.0.0.2", "127.0.0.1") == likeness::another);
    CHECK(like("::ffff:127.0.0.2", "127.0.0.2") == likeness::this_host);
    CHECK(like("192.0.2.1", "0.0.0.0") == likeness::another);
}

TEST_CASE("mail whose best host is at an interface of ours waits, as another machine may be behind it",
          "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    const auto answer = [&f](std::vector<net::endpoint> listeners) {
        relay::own_addresses us(std::move(listeners), f.world.house.clock, [] {
            return relay::own_addresses::addresses{net::parse_address("192.0.2.1").value()};
        });
        relay::next_hop_resolver to(f.world.with, f.hop, f.world.action, f.world.our_name, [] {}, &us);
        test::finish(f.world.house.loop, to.ask());
        return to.fault() ? to.fault()->line() : std::to_string(to.hosts().size());
    };
    CHECK(answer({listener("0.0.0.0")}).starts_with("451 4.4.6"));
    CHECK(answer({listener("0.0.0.0", 2525)}) == "2");
    CHECK(answer({listener("192.0.2.1")}).starts_with("550 5.4.6"));
    CHECK(answer({listener("0.0.0.0"), listener("192.0.2.1")}).starts_with("550 5.4.6"));
}

TEST_CASE("our interfaces are read once for all the addresses of a stranger's hosts", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    unsigned reads = 0;
    relay::own_addresses us({listener("0.0.0.0")}, f.world.house.clock, [&reads] {
        ++reads;
        return relay::own_addresses::addresses{};
    });
    for (unsigned i = 0; i < 100; ++i) CHECK(us.of(listener("198.51.100.7")) == relay::likeness::another);
    CHECK(reads == 1);
    f.world.house.clock.advance(std::chrono::seconds(11));
    CHECK(us.of(listener("198.51.100.7")) == relay::likeness::another);
    CHECK(reads == 2);
}

TEST_CASE("mail for an address literal goes to that address", "[relay][next_hop_resolver]") {
    fixture f;
    f.hop.domain = "[192.0.2.7]";
    f.ask();
    REQUIRE(f.hosts().size() == 1);
    CHECK(f.where(0) == strings{"192.0.2.7:25"});
    CHECK(f.dns().questions.empty());
}

// --- later

TEST_CASE("what is known serves while it is asked for anew", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    f.ask();
    CHECK_FALSE(f.to.is_stale());
    CHECK(f.pause() == 30s);
    f.dns().mail("example.net", {{10, "third.example"}, {20, "slow.example"}});
    f.dns().host("third.example", {"192.0.2.3"}).host("slow.example", {"192.0.2.4"}).hold("slow.example");
    f.begin();
    CHECK(f.to.asking());
    CHECK_FALSE(f.to.is_stale());
    CHECK(f.hosts() == strings{"first.example", "second.example"});
    f.let_go("slow.example");
    CHECK(f.hosts() == strings{"third.example", "slow.example"});
}

TEST_CASE("tables are asked anew after a second", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_urls({{"1", "smtp://192.0.2.1"}});
    f.ask();
    CHECK(f.pause() == 1s);
}

TEST_CASE("what is known serves on when it cannot be asked for anew", "[relay][next_hop_resolver]") {
    fixture f;
    const base::error_code unavailable = dns::errc::unavailable;
    SECTION("the MX records") {
        f.use_mx();
        f.ask();
        f.dns().mail_hosts.insert_or_assign("example.net", unavailable);
        f.ask();
        CHECK(f.fault().is_transient());
    }
    SECTION("the addresses") {
        f.use_mx();
        f.ask();
        f.dns().hosts.insert_or_assign("first.example", unavailable);
        f.dns().hosts.insert_or_assign("second.example", unavailable);
        f.ask();
        CHECK(f.fault().is_transient());
    }
    SECTION("the table") {
        f.use_urls({{"1", "smtp://192.0.2.1"}});
        f.ask();
        f.urls.unavailable = true;
        f.ask();
        CHECK(f.fault().is_transient());
    }
    SECTION("the address of a relay") {
        f.use_urls({{"1", "smtp://relay.example"}});
        f.dns().host("relay.example", {"192.0.2.1"});
        f.ask();
        f.dns().hosts.insert_or_assign("relay.example", unavailable);
        f.ask();
    }
    REQUIRE_FALSE(f.hosts().empty());
    for (const candidate& each : f.to.hosts()) CHECK(each.state == knowledge::known);
}

TEST_CASE("a domain that takes no mail any more has no hosts", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    f.ask();
    f.dns().mail("example.net", {{0, ""}});
    f.ask();
    CHECK(f.fault().is_permanent());
    CHECK(f.hosts().empty());
}

TEST_CASE("the pause grows from failure to failure, to a minute, and ends with success", "[relay][next_hop_resolver]") {
    fixture f;
    f.dns().mail_hosts.insert_or_assign("example.net", base::error_code(dns::errc::unavailable));
    std::vector<std::chrono::seconds> pauses;
    for (int i = 0; i < 8; ++i) {
        f.ask();
        pauses.push_back(f.pause());
    }
    CHECK(pauses == std::vector<std::chrono::seconds>{1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s});
    f.use_mx();
    f.ask();
    CHECK_FALSE(f.to.fault().has_value());
    f.dns().mail_hosts.insert_or_assign("example.net", base::error_code(dns::errc::unavailable));
    f.ask();
    CHECK(f.pause() == 1s);
}

TEST_CASE("while it is being asked for, nothing is asked for again", "[relay][next_hop_resolver]") {
    fixture f;
    f.use_mx();
    f.dns().hold("example.net");
    f.begin();
    f.begin();
    CHECK(std::ranges::count(f.dns().questions, "mx example.net") == 1);
    f.let_go("example.net");
    CHECK(f.hosts().size() == 2);
}

TEST_CASE("a question that ends by a bug leaves a fault behind it, and can be asked again",
          "[relay][next_hop_resolver]") {
    struct broken_resolver final : dns::resolver {
        async::awaitable<base::result<dns::address_answer>> find_addresses(std::string) override { throw bug; }
        async::awaitable<base::result<dns::mx_answer>> find_mx(std::string) override { throw bug; }
        async::awaitable<base::result<dns::tlsa_answer>> tlsa(std::string) override { throw bug; }
        async::awaitable<base::result<std::vector<std::string>>> texts(std::string) override { throw bug; }
        async::awaitable<base::result<std::vector<std::string>>> names(net::address) override { throw bug; }
        const std::logic_error bug{"a bug of the resolver"};
    } broken;
    fixture f;
    const relay::dependencies with{f.clock(), f.world.house.log, broken, f.world.house.queue};
    unsigned news = 0;
    relay::next_hop_resolver to{with, f.hop, f.world.action, f.world.our_name, [&news] { ++news; }};
    for (int i = 0; i < 2; ++i) {
        CHECK_THROWS_WITH(test::finish(f.world.house.loop, to.ask()), Contains("a bug of the resolver"));
        CHECK_FALSE(to.asking());
        REQUIRE(to.fault().has_value());
        CHECK(to.fault()->is_transient());
        CHECK_FALSE(to.is_stale());
        f.clock().advance(1min);
        CHECK(to.is_stale());
    }
    CHECK(news == 2);
}
