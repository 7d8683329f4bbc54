#include "waypost/dns/mx_lookup.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <set>

#include "support/fake_resolver.hpp"
#include "support/run_to_end.hpp"
#include "support/run_until.hpp"
#include "waypost/async/task_group.hpp"

using namespace waypost;
using namespace waypost::dns;
using test::fake_resolver;
using test::run_to_end;

namespace {

std::vector<mx_host> hosts_of(fake_resolver& dns, std::string domain, std::uint32_t seed = 1) {
    auto given = run_to_end(find_mx_hosts(dns, std::move(domain), seed));
    REQUIRE(std::holds_alternative<std::vector<mx_host>>(given));
    return std::get<std::vector<mx_host>>(std::move(given));
}

mx_failure failure_of(fake_resolver& dns, std::string domain) {
    auto given = run_to_end(find_mx_hosts(dns, std::move(domain)));
    REQUIRE(std::holds_alternative<mx_failure>(given));
    return std::get<mx_failure>(given);
}

std::vector<std::string> names(const std::vector<mx_host>& hosts) {
    std::vector<std::string> list;
    for (const mx_host& each : hosts) list.push_back(each.name);
    return list;
}

using words = std::vector<std::string>;

}  // namespace

TEST_CASE("MX hosts come by preference with all their addresses", "[dns][mx_lookup]") {
    fake_resolver dns;
    dns.mail("example.org", {{20, "backup.example.org"}, {10, "MX.Example.org."}})
        .host("mx.example.org", {"192.0.2.1", "2001:db8::1"})
        .host("backup.example.org", {"192.0.2.2"});
    const auto hosts = hosts_of(dns, "example.org");
    REQUIRE(names(hosts) == words{"mx.example.org", "backup.example.org"});
    CHECK(hosts[0].preference == 10);
    CHECK(hosts[0].addresses.size() == 2);
    CHECK(hosts[1].preference == 20);
    CHECK(hosts[1].addresses.front().to_string() == "192.0.2.2");
}

TEST_CASE("the addresses of all hosts are asked at once", "[dns][mx_lookup]") {
    fake_resolver dns;
    std::vector<mx_record> records;
    for (int i = 0; i < 20; ++i) {
        const std::string name = "mx" + std::to_string(i) + ".example.org";
        records.push_back({10, name});
        dns.host(name, {"192.0.2.1"});
    }
    dns.mail("example.org", records);
    CHECK(hosts_of(dns, "example.org").size() == 20);
    CHECK(dns.most_at_once == 20);
}

TEST_CASE("hosts of equal preference are in random order, and only among themselves", "[dns][mx_lookup]") {
    fake_resolver dns;
    std::vector<mx_record> records;
    for (int i = 0; i < 6; ++i) {
        const std::string name = std::string(1, static_cast<char>('a' + i)) + ".example.org";
        records.push_back({static_cast<std::uint16_t>(i < 3 ? 5 : 7), name});
        dns.host(name, {"192.0.2.1"});
    }
    dns.mail("example.org", records);
    std::set<words> orders;
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        const words order = names(hosts_of(dns, "example.org", seed));
        CHECK(std::is_permutation(order.begin(), order.begin() + 3,
                                  words{"a.example.org", "b.example.org", "c.example.org"}.begin()));
        orders.insert(order);
    }
    CHECK(orders.size() == 36);
    CHECK(hosts_of(dns, "example.org", 9).front().name == hosts_of(dns, "example.org", 9).front().name);
}

TEST_CASE("a domain without MX records is its own host", "[dns][mx_lookup]") {
    fake_resolver dns;
    dns.host("example.org", {"192.0.2.1"});
    const auto hosts = hosts_of(dns, "example.org");
    CHECK(names(hosts) == words{"example.org"});
    CHECK(hosts[0].preference == 0);

    dns.host("empty.example.org", {});
    CHECK(failure_of(dns, "empty.example.org") == mx_failure::no_address);
    dns.mail("odd.example.org", {});  // exists for one question and not for the other
    CHECK(failure_of(dns, "odd.example.org") == mx_failure::no_such_domain);
}

TEST_CASE("a domain that does not exist is told from one that could not be asked for", "[dns][mx_lookup]") {
    fake_resolver dns;
    dns.mail_hosts.insert_or_assign("broken.org", base::result<std::vector<mx_record>>(errc::unavailable));
    dns.mail_hosts.insert_or_assign("garbled.org", base::result<std::vector<mx_record>>(errc::malformed));
    CHECK(failure_of(dns, "nowhere.org") == mx_failure::no_such_domain);
    CHECK(failure_of(dns, "broken.org") == mx_failure::unavailable);
    CHECK(failure_of(dns, "garbled.org") == mx_failure::unavailable);
}

TEST_CASE("a null MX takes no mail, even if the domain has an address", "[dns][mx_lookup]") {
    fake_resolver dns;
    dns.host("example.org", {"192.0.2.1"}).mail("example.org", {{0, ""}});
    CHECK(failure_of(dns, "example.org") == mx_failure::null_mx);

    dns.mail("mixed.org", {{0, ""}, {10, "mx.mixed.org"}}).host("mx.mixed.org", {"192.0.2.3"});
    CHECK(names(hosts_of(dns, "mixed.org")) == words{"mx.mixed.org"});
}

// OpenSMTPD #1190: such a domain's mail went round in a loop.
TEST_CASE("an MX host whose name is everybody's own machine is none", "[dns][mx_lookup]") {
    fake_resolver dns;
    for (const char* name : {"localhost", "LOCALHOST.", "a.localhost", "localhost.localdomain", "."}) {
        CAPTURE(name);
        dns.host("local.org", {"192.0.2.1"}).mail("local.org", {{0, name}}).host(name, {"127.0.0.1"});
        CHECK(failure_of(dns, "local.org") == mx_failure::null_mx);
    }
    dns.mail("local.org", {{0, "localhost"}, {10, "mx.org"}}).host("mx.org", {"192.0.2.3"});
    CHECK(names(hosts_of(dns, "local.org")) == words{"mx.org"});
    // Not so a name that only looks like it, nor the loopback addresses of another one: they may be what an
    // administrator wants, and a loop ends where its messages have passed too many hosts.
    dns.mail("local.org", {{0, "localhost.example.org"}}).host("localhost.example.org", {"127.0.0.1"});
    CHECK(hosts_of(dns, "local.org").front().addresses.front().to_string() == "127.0.0.1");
}

TEST_CASE("a host is authentic if its MX records and its addresses are", "[dns][mx_lookup]") {
    fake_resolver dns;
    dns.mail("example.org", {{1, "a.org"}, {2, "b.org"}, {3, "c.org"}})
        .host("a.org", {"192.0.2.1"})
        .host("b.org", {"192.0.2.2"})
        .host("c.org", {})
        .sign("a.org")
        .sign("c.org");
    CHECK_FALSE(hosts_of(dns, "example.org").at(0).authentic);
    dns.sign("example.org");
    CHECK(hosts_of(dns, "example.org").at(0).authentic);
    CHECK_FALSE(hosts_of(dns, "example.org").at(1).authentic);
}

namespace {

/// "mx1 mx2=192.0.2.2 mx3=": asked, answered, answered without addresses.
std::string told(const std::vector<mx_candidate>& hosts) {
    std::string line;
    for (const mx_candidate& each : hosts) {
        line += (line.empty() ? "" : " ") + each.name + (each.answered ? "=" : "");
        for (const net::address& ip : each.addresses) line += ip.to_string();
    }
    return line;
}

using answer_of_mx = std::variant<std::vector<mx_host>, mx_failure>;

async::awaitable<> find(resolver& dns, std::vector<std::string>& heard, std::optional<answer_of_mx>& into) {
    const mx_news listen = [&heard](const std::vector<mx_candidate>& hosts) { heard.push_back(told(hosts)); };
    into = co_await find_mx_hosts(dns, "example.org", 1, listen);
}

struct slow_world {
    slow_world() {
        dns.mail("example.org", {{20, "b.org"}, {10, "a.org"}, {30, "c.org"}})
            .host("a.org", {"192.0.2.1"})
            .host("b.org", {"192.0.2.2"})
            .hold("example.org")
            .hold("a.org")
            .hold("b.org")
            .hold("c.org");
        group.start(find(dns, heard, found));
        test::settle(loop);
    }
    void let_go(const std::string& name) {
        dns.let_go(name);
        test::settle(loop);
    }

    boost::asio::io_context loop;
    fake_resolver dns;
    words heard;
    std::optional<answer_of_mx> found;
    async::task_group group{loop.get_executor()};
};

}  // namespace

TEST_CASE("what is known is told after the MX answer and after each host's", "[dns][mx_lookup]") {
    slow_world in;
    CHECK(in.heard.empty());
    in.let_go("example.org");
    CHECK(in.heard == words{"a.org b.org c.org"});
    in.let_go("b.org");
    CHECK(in.heard.back() == "a.org b.org=192.0.2.2 c.org");
    in.let_go("c.org");
    CHECK(in.heard.back() == "a.org b.org=192.0.2.2 c.org=");
    CHECK_FALSE(in.found.has_value());
    in.let_go("a.org");
    CHECK(in.heard.back() == "a.org=192.0.2.1 b.org=192.0.2.2 c.org=");
    CHECK(in.heard.size() == 4);
    CHECK(names(std::get<std::vector<mx_host>>(in.found.value())) == words{"a.org", "b.org"});
}

TEST_CASE("who is cancelled hears no more", "[dns][mx_lookup]") {
    slow_world in;
    in.let_go("example.org");
    in.let_go("a.org");
    CHECK(in.heard.size() == 2);
    test::finish(in.loop, in.group.stop());
    CHECK(in.heard.size() == 2);
    in.let_go("b.org");
    CHECK(in.heard.size() == 2);
}

TEST_CASE("an address literal is told of, too", "[dns][mx_lookup]") {
    fake_resolver dns;
    words heard;
    const mx_news listen = [&heard](const std::vector<mx_candidate>& hosts) { heard.push_back(told(hosts)); };
    (void)run_to_end(find_mx_hosts(dns, "[192.0.2.1]", 1, listen));
    CHECK(heard == words{"[192.0.2.1]=192.0.2.1"});
    (void)run_to_end(find_mx_hosts(dns, "nowhere.org", 1, listen));
    CHECK(heard.size() == 1);
}

TEST_CASE("the preference of one MX host is found whatever its case", "[dns][mx_lookup]") {
    fake_resolver dns;
    dns.mail("example.org", {{30, "MX2.Example.org."}, {10, "mx1.example.org"}, {40, "mx2.example.org"}})
        .mail("null.org", {{0, ""}})
        .host("bare.org", {"192.0.2.1"});
    dns.mail_hosts.insert_or_assign("broken.org", base::result<std::vector<mx_record>>(errc::unavailable));
    using answer = std::variant<std::uint16_t, no_preference>;
    const auto of = [&dns](const std::string& domain, const std::string& name) {
        return run_to_end(mx_preference(dns, domain, name));
    };
    CHECK(of("example.org", "mx2.EXAMPLE.org") == answer(std::uint16_t{30}));
    CHECK(of("example.org", "mx1.example.org.") == answer(std::uint16_t{10}));
    CHECK(of("example.org", "mx3.example.org") == answer(no_preference::not_an_mx));
    CHECK(of("example.org", "example.org") == answer(no_preference::not_an_mx));
    CHECK(of("null.org", "") == answer(no_preference::not_an_mx));
    CHECK(of("nowhere.org", "mx.org") == answer(no_preference::no_such_domain));
    CHECK(of("broken.org", "mx.org") == answer(no_preference::unavailable));
    // Without MX records a domain is its own host.
    CHECK(of("bare.org", "Bare.org") == answer(std::uint16_t{0}));
    CHECK(of("bare.org", "mx.bare.org") == answer(no_preference::not_an_mx));
}

TEST_CASE("a host that cannot be asked for is left out while another one has addresses", "[dns][mx_lookup]") {
    fake_resolver dns;
    dns.mail("example.org", {{10, "mx1.example.org"}, {20, "mx2.example.org"}, {30, "gone.example.org"}})
        .host("mx2.example.org", {"192.0.2.2"});
    dns.hosts.insert_or_assign("mx1.example.org", base::result<std::vector<net::address>>(errc::unavailable));
    CHECK(names(hosts_of(dns, "example.org")) == words{"mx2.example.org"});

    dns.hosts.erase("mx2.example.org");
    CHECK(failure_of(dns, "example.org") == mx_failure::unavailable);
    dns.hosts.erase("mx1.example.org");
    CHECK(failure_of(dns, "example.org") == mx_failure::no_address);
}

TEST_CASE("addresses that are nobody's are passed over", "[dns][mx_lookup]") {
    fake_resolver dns;
    dns.mail("example.org", {{10, "mx.example.org"}})
        .host("mx.example.org", {"0.0.0.0", "::", "224.0.0.1", "ff02::1", "::ffff:0.0.0.0"});
    CHECK(failure_of(dns, "example.org") == mx_failure::no_address);
}

TEST_CASE("a host that is named twice counts once, at its best preference", "[dns][mx_lookup]") {
    fake_resolver dns;
    dns.mail("example.org", {{30, "mx.example.org"}, {10, "MX.example.org"}, {20, "mx.example.org."}})
        .host("mx.example.org", {"192.0.2.1"});
    const auto hosts = hosts_of(dns, "example.org");
    REQUIRE(hosts.size() == 1);
    CHECK(hosts[0].preference == 10);
    CHECK(dns.questions.size() == 2);
}

TEST_CASE("of five hundred MX hosts the best hundred are asked", "[dns][mx_lookup]") {
    fake_resolver dns;
    std::vector<mx_record> records;
    for (int i = 499; i >= 0; --i) {
        const std::string name = "mx" + std::to_string(i) + ".example.org";
        records.push_back({static_cast<std::uint16_t>(i), name});
        dns.host(name, {"192.0.2.1"});
    }
    dns.mail("example.org", records);
    const auto hosts = hosts_of(dns, "example.org");
    CHECK(hosts.size() == 100);
    CHECK(hosts.back().preference == 99);
}

TEST_CASE("an address literal asks nobody", "[dns][mx_lookup]") {
    fake_resolver dns;
    const auto address = [&dns](std::string literal) {
        const auto hosts = hosts_of(dns, std::move(literal));
        REQUIRE(hosts.size() == 1);
        CHECK(hosts[0].preference == 0);
        return hosts[0].addresses.at(0).to_string();
    };
    CHECK(address("[192.0.2.1]") == "192.0.2.1");
    CHECK(address("[IPv6:2001:db8::1]") == "2001:db8::1");
    CHECK(address("[ipv6:::ffff:192.0.2.1]") == "192.0.2.1");
    CHECK(address("192.0.2.1") == "192.0.2.1");
    CHECK(failure_of(dns, "[nonsense]") == mx_failure::no_such_domain);
    CHECK(failure_of(dns, "[]") == mx_failure::no_such_domain);
    CHECK(dns.questions.empty());
}

TEST_CASE("two random seeds are hardly ever the same", "[dns][mx_lookup]") {
    std::set<std::uint32_t> seeds;
    for (int i = 0; i < 10; ++i) seeds.insert(random_seed());
    CHECK(seeds.size() > 5);
}
