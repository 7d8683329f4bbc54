#include "target.hpp"

#include <catch2/catch.hpp>

#include "support/fake_resolver.hpp"
#include "support/fake_table.hpp"
#include "support/run_to_end.hpp"

using namespace waypost;
using mail::transport_security;
using relay::target;
using test::run_to_end;

namespace {

using strings = std::vector<std::string>;

struct fixture {
    test::fake_resolver dns;
    test::fake_table hosts;
    relay::action_settings action{.name = "out", .hosts = &hosts};

    std::variant<std::vector<target>, mail::status> ask(const std::string& domain = {}) {
        return run_to_end(relay::targets_of({.action = "out", .domain = domain}, action, dns));
    }
    strings urls(const std::string& domain = {}) {
        const auto found = ask(domain);
        if (const auto* why = std::get_if<mail::status>(&found)) FAIL(why->line());
        strings all;
        for (const target& each : std::get<std::vector<target>>(found)) all.push_back(each.url.text());
        return all;
    }
    mail::status refusal(const std::string& domain = {}) {
        const auto found = ask(domain);
        REQUIRE(std::holds_alternative<mail::status>(found));
        return std::get<mail::status>(found);
    }
};

}  // namespace

TEST_CASE("each connection begins with the next URL of the table", "[relay][target]") {
    fixture f;
    f.hosts.rows = {{"1", "smtp://a.example"}, {"2", "smtp://b.example"}, {"3", "smtp://c.example"}};
    CHECK(f.urls() == strings{"smtp://a.example", "smtp://b.example", "smtp://c.example"});
    CHECK(f.urls() == strings{"smtp://b.example", "smtp://c.example", "smtp://a.example"});
    CHECK(f.urls() == strings{"smtp://c.example", "smtp://a.example", "smtp://b.example"});
    CHECK(f.urls() == strings{"smtp://a.example", "smtp://b.example", "smtp://c.example"});
}

TEST_CASE("a table with one URL gives it each time", "[relay][target]") {
    fixture f;
    f.hosts.rows = {{"1", "smtps://label@a.example"}};
    CHECK(f.urls().size() == 1);
    CHECK(f.urls().size() == 1);
}

TEST_CASE("of a very long table not all URLs are tried for one connection", "[relay][target]") {
    fixture f;
    for (int i = 100; i < 300; ++i) f.hosts.rows[std::to_string(i)] = "smtp://h" + std::to_string(i) + ".example";
    CHECK(f.urls().size() <= 16);
}

TEST_CASE("an entry that is no URL is passed over", "[relay][target]") {
    fixture f;
    f.hosts.rows = {{"1", "gopher://a.example"}, {"2", "smtp://b.example"}, {"3", ""}};
    CHECK(f.urls() == strings{"smtp://b.example"});
}

TEST_CASE("a table without a usable URL defers the mail", "[relay][target]") {
    fixture f;
    SECTION("empty") {}
    SECTION("nonsense") { f.hosts.rows = {{"1", "gopher://a.example"}}; }
    SECTION("not there now") { f.hosts.unavailable = true; }
    CHECK(f.refusal().is_transient());
}

TEST_CASE("the action's `tls` raises a URL that would go in clear if it must, and no other", "[relay][target]") {
    fixture f;
    f.action.tls = GENERATE(transport_security::starttls, transport_security::implicit);
    f.hosts.rows = {{"1", "smtp://a.example"},
                    {"2", "smtps://b.example"},
                    {"3", "smtp+notls://c.example"},
                    {"4", "smtp+tls://d.example"},
                    {"5", "lmtp://e.example:24"}};
    const auto found = f.ask();
    const auto& all = std::get<std::vector<target>>(found);
    REQUIRE(all.size() == 5);
    CHECK(all[0].url.security == *f.action.tls);
    CHECK(all[1].url.security == transport_security::implicit);
    CHECK(all[2].url.security == transport_security::never);
    CHECK(all[3].url.security == transport_security::starttls);
    CHECK(all[4].url.security == transport_security::opportunistic);
}

TEST_CASE("without URLs the MX hosts of the domain are the targets, best first", "[relay][target]") {
    fixture f;
    f.action.hosts = nullptr;
    f.dns.mail("example.org", {{20, "backup.example"}, {10, "main.example"}});
    f.dns.host("main.example", {"192.0.2.1", "2001:db8::1"}).host("backup.example", {"192.0.2.2"});
    const auto found = f.ask("example.org");
    const auto& all = std::get<std::vector<target>>(found);
    REQUIRE(all.size() == 2);
    CHECK(all[0].url.host == "main.example");
    CHECK(all[0].addresses.size() == 2);
    CHECK(all[0].url.effective_port() == 25);
    CHECK(all[0].url.security == transport_security::opportunistic);
    CHECK(all[0].url.label.empty());
    CHECK(all[1].url.host == "backup.example");
}

TEST_CASE("MX hosts are raised by `tls` too", "[relay][target]") {
    fixture f;
    f.action.hosts = nullptr;
    f.action.tls = transport_security::starttls;
    f.dns.mail("example.org", {{10, "main.example"}}).host("main.example", {"192.0.2.1"});
    const auto found = f.ask("example.org");
    CHECK(std::get<std::vector<target>>(found).at(0).url.security == transport_security::starttls);
}

TEST_CASE("a domain that takes no mail is a failure for good", "[relay][target]") {
    fixture f;
    f.action.hosts = nullptr;
    SECTION("it does not exist") {
        CHECK(f.refusal("gone.example").is_permanent());
        CHECK(f.refusal("gone.example").enhanced() == mail::enhanced_code{5, 1, 2});
    }
    SECTION("it says so (RFC 7505)") {
        f.dns.mail("never.example", {{0, ""}});
        CHECK(f.refusal("never.example").code() == 556);
        CHECK(f.refusal("never.example").enhanced() == mail::enhanced_code{5, 1, 10});
    }
    SECTION("it has no host with an address") {
        f.dns.mail("bare.example", {{10, "mx.bare.example"}}).host("mx.bare.example", {});
        CHECK(f.refusal("bare.example").is_permanent());
    }
}

TEST_CASE("a DNS that cannot be asked defers the mail, always", "[relay][target]") {
    fixture f;
    f.action.hosts = nullptr;
    SECTION("for the MX records") {
        f.dns.mail_hosts.insert_or_assign("example.org", base::error_code(dns::errc::unavailable));
    }
    SECTION("for the addresses") {
        f.dns.mail("example.org", {{10, "main.example"}});
        f.dns.hosts.insert_or_assign("main.example", base::error_code(dns::errc::unavailable));
    }
    SECTION("its answer makes no sense") {
        f.dns.mail_hosts.insert_or_assign("example.org", base::error_code(dns::errc::malformed));
    }
    CHECK(f.refusal("example.org").is_transient());
}

TEST_CASE("mail for an address literal goes to that address", "[relay][target]") {
    fixture f;
    f.action.hosts = nullptr;
    const auto found = f.ask("[192.0.2.7]");
    const auto& all = std::get<std::vector<target>>(found);
    REQUIRE(all.size() == 1);
    CHECK(all[0].addresses == std::vector{boost::asio::ip::make_address("192.0.2.7")});
    CHECK(f.dns.asked.empty());
}

TEST_CASE("the addresses of a target are looked up where they are not known yet", "[relay][target]") {
    fixture f;
    const auto addresses = [&f](const target& one) { return run_to_end(relay::addresses_of(one, f.dns)); };
    const auto to = [](const std::string& host) {
        target made;
        made.url.host = host;
        return made;
    };
    using list = std::vector<net::address>;
    const auto ip = [](const char* text) { return boost::asio::ip::make_address(text); };

    SECTION("known") {
        target known = to("main.example");
        known.addresses = {ip("192.0.2.1")};
        CHECK(std::get<list>(addresses(known)) == list{ip("192.0.2.1")});
        CHECK(f.dns.asked.empty());
    }
    SECTION("a literal") {
        CHECK(std::get<list>(addresses(to("192.0.2.9"))) == list{ip("192.0.2.9")});
        CHECK(std::get<list>(addresses(to("2001:db8::9"))) == list{ip("2001:db8::9")});
        CHECK(f.dns.asked.empty());
    }
    SECTION("a name") {
        f.dns.host("relay.example", {"192.0.2.3", "192.0.2.4"});
        CHECK(std::get<list>(addresses(to("relay.example"))) == list{ip("192.0.2.3"), ip("192.0.2.4")});
    }
    SECTION("a name that is not there is nothing that the mail can help") {
        CHECK(std::get<mail::status>(addresses(to("gone.example"))).is_transient());
        f.dns.host("bare.example", {});
        CHECK(std::get<mail::status>(addresses(to("bare.example"))).is_transient());
        f.dns.hosts.insert_or_assign("slow.example", base::error_code(dns::errc::unavailable));
        const auto said = std::get<mail::status>(addresses(to("slow.example")));
        CHECK(said.is_transient());
        CHECK_THAT(said.text(), Catch::Contains("slow.example"));
    }
}
