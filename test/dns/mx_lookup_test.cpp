#include "waypost/dns/mx_lookup.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "support/fake_resolver.hpp"
#include "support/run_to_end.hpp"

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
    dns.host("local.org", {"192.0.2.1"}).mail("local.org", {{0, "localhost"}, {5, "."}});
    CHECK(failure_of(dns, "example.org") == mx_failure::null_mx);
    CHECK(failure_of(dns, "local.org") == mx_failure::null_mx);

    dns.mail("mixed.org", {{0, ""}, {10, "mx.mixed.org"}}).host("mx.mixed.org", {"192.0.2.3"});
    CHECK(names(hosts_of(dns, "mixed.org")) == words{"mx.mixed.org"});
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
    CHECK(dns.asked.size() == 2);
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
    CHECK(dns.asked.empty());
}

TEST_CASE("two random seeds are hardly ever the same", "[dns][mx_lookup]") {
    std::set<std::uint32_t> seeds;
    for (int i = 0; i < 10; ++i) seeds.insert(random_seed());
    CHECK(seeds.size() > 5);
}
