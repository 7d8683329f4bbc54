#include "waypost/table/static_table.hpp"

#include <catch2/catch.hpp>

#include "support/run_to_end.hpp"
#include "waypost/table/services.hpp"

using namespace waypost::table;
using waypost::test::run_to_end;

namespace {

entries list(std::vector<std::string> keys) {
    entries made;
    for (std::string& key : keys) made.rows.emplace_back(std::move(key), "");
    return made;
}

entries map(std::vector<std::pair<std::string, std::string>> rows) { return {.is_map = true, .rows = std::move(rows)}; }

std::optional<std::string> lookup(table& in, service kind, std::string key) {
    return run_to_end(in.lookup(kind, std::move(key))).value();
}

}  // namespace

TEST_CASE("a list answers with nothing under a key that it has", "[table][static_table]") {
    static_table local("local", list({"example.org", "Example.NET"}));
    CHECK(local.name() == "local");
    CHECK(lookup(local, service::domain, "example.org") == "");
    CHECK(lookup(local, service::domain, "example.net") == "");
    CHECK(lookup(local, service::domain, "example.com") == std::nullopt);
}

TEST_CASE("labels do not mind their case", "[table][static_table]") {
    static_table secrets("secrets", map({{"Bleh", "gilles:PassWord"}}));
    CHECK(lookup(secrets, service::credentials, "bleh") == "gilles:PassWord");
}

TEST_CASE("of equal keys the last one counts", "[table][static_table]") {
    static_table aliases("aliases", map({{"root", "gilles"}, {"ROOT", "eric"}}));
    CHECK(lookup(aliases, service::alias, "root") == "eric");
}

TEST_CASE("an address is found however it was written", "[table][static_table]") {
    static_table hosts("hosts", list({"[2001:DB8:0::1]", "::ffff:192.0.2.7", "FE80:0:0::2"}));
    CHECK(lookup(hosts, service::netaddr, "2001:db8::1").has_value());
    CHECK(lookup(hosts, service::netaddr, "192.0.2.7").has_value());
    CHECK(lookup(hosts, service::netaddr, "fe80::2").has_value());
    CHECK_FALSE(lookup(hosts, service::netaddr, "fe80::3").has_value());
}

TEST_CASE("an expression is equal to nothing, only matched", "[table][static_table]") {
    static_table expressions("expressions", list({"^root@", "plain"}));
    CHECK(lookup(expressions, service::regex, "plain") == std::nullopt);
    CHECK(run_to_end(find<regex>(expressions, "plain")).value().has_value());
}

TEST_CASE("only keys that can be patterns are searched one by one", "[table][static_table]") {
    static_table mixed("mixed", list({"example.org", "*.example.org", "192.0.2.0/24", "::1"}));
    std::vector<std::string> tried;
    const auto remember = [&tried](std::string_view key) {
        tried.emplace_back(key);
        return false;
    };
    CHECK(run_to_end(mixed.lookup_pattern(service::domain, remember)).value() == std::nullopt);
    CHECK(tried == std::vector<std::string>{"*.example.org", "192.0.2.0/24"});
}

TEST_CASE("fetch gives the entries in turn, and after the last the first", "[table][static_table]") {
    static_table sources("sources", list({"192.0.2.1", "192.0.2.2"}));
    const auto fetch = [&sources] { return run_to_end(sources.fetch(service::source)).value(); };
    CHECK(fetch() == "192.0.2.1");
    CHECK(fetch() == "192.0.2.2");
    CHECK(fetch() == "192.0.2.1");

    SECTION("of a map it gives the values") {
        static_table hosts("hosts", map({{"a", "smtp://a"}, {"b", "smtp://b"}}));
        CHECK(run_to_end(hosts.fetch(service::relayhost)).value() == "smtp://a");
        CHECK(run_to_end(hosts.fetch(service::relayhost)).value() == "smtp://b");
    }
    SECTION("a list of them all begins with the first, and is nobody's turn") {
        static_table twice("twice", list({"192.0.2.2", "192.0.2.2", "192.0.2.1"}));
        CHECK(run_to_end(twice.fetch(service::source)).value() == "192.0.2.2");
        const std::vector<std::string> all{"192.0.2.2", "192.0.2.2", "192.0.2.1"};
        CHECK(run_to_end(twice.list(service::source, 9)).value() == all);
        CHECK(run_to_end(twice.list(service::source, 2)).value().size() == 2);
        CHECK(run_to_end(twice.fetch(service::source)).value() == "192.0.2.2");
        CHECK(run_to_end(twice.fetch(service::source)).value() == "192.0.2.1");
    }
    SECTION("an empty table has nothing to give") {
        static_table empty("empty", {});
        CHECK(run_to_end(empty.fetch(service::source)).value() == std::nullopt);
    }
}
