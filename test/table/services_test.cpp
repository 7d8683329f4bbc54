#include "waypost/table/services.hpp"

#include <catch2/catch.hpp>

#include "support/fake_table.hpp"
#include "support/run_to_end.hpp"
#include "waypost/table/static_table.hpp"

using namespace waypost::table;
using waypost::test::fake_table;
using waypost::test::run_to_end;

namespace {

using words = std::vector<std::string>;

static_table table_of(words keys) {
    entries made;
    for (std::string& key : keys) made.rows.emplace_back(std::move(key), "");
    return {"rows", std::move(made)};
}

template <class Service>
bool has(table& in, std::string key) {
    return run_to_end(find<Service>(in, std::move(key))).value().has_value();
}

}  // namespace

TEST_CASE("a domain is found by its name or by a wildcard, whatever the case", "[table][services]") {
    static_table local = table_of({"example.org", "*.Example.net", "mail*.example.com", "a*b*c"});
    CHECK(has<domain>(local, "EXAMPLE.org"));
    CHECK(has<domain>(local, "example.org."));
    CHECK_FALSE(has<domain>(local, "sub.example.org"));
    CHECK(has<domain>(local, "a.b.EXAMPLE.net"));
    CHECK_FALSE(has<domain>(local, "example.net"));
    CHECK(has<domain>(local, "mail.example.com"));
    CHECK(has<domain>(local, "mail12.example.com"));
    CHECK_FALSE(has<domain>(local, "mail.example.com.evil"));
    CHECK(has<domain>(local, "axxbbxxcc"));  // OpenSMTPD's matcher does not go back, and misses this one
    CHECK_FALSE(has<domain>(local, ""));
}

TEST_CASE("a wildcard of many stars takes no long time over a name that almost matches", "[table][services]") {
    std::string pattern;
    for (int i = 0; i < 200; ++i) pattern += "a*";
    CHECK_FALSE(domain::covers(pattern + "b", std::string(500, 'a')));
    CHECK(domain::covers("*", ""));
    CHECK(domain::covers("***", "x"));
    CHECK_FALSE(domain::covers("", "x"));
}

TEST_CASE("credentials are a user and a password, split at the first colon", "[table][services]") {
    auto both = credentials::parse("bleh", "gilles:pass:word");
    REQUIRE(both.has_value());
    CHECK(both->user == "gilles");
    CHECK(both->password.reveal() == "pass:word");

    SECTION("without a colon they are the password of the key") {
        auto only = credentials::parse("gilles", "$6$salt$hash");
        REQUIRE(only.has_value());
        CHECK(only->user == "gilles");
        CHECK(only->password.reveal() == "$6$salt$hash");
    }
    SECTION("a row without user or password is refused, and so is one that no client could send") {
        CHECK(credentials::parse("k", "").error() == errc::malformed_row);
        CHECK(credentials::parse("k", ":password").error() == errc::malformed_row);
        CHECK(credentials::parse("k", "user:").error() == errc::malformed_row);
        CHECK(credentials::parse("k", std::string("user:pa\0ss", 10)).error() == errc::malformed_row);
        CHECK(credentials::parse("k", "user:" + std::string(2048, 'x')).error() == errc::malformed_row);
    }
}

TEST_CASE("a client's address is found as itself, in a network, or as local", "[table][services]") {
    static_table known = table_of({"192.0.2.1", "198.51.100.0/24", "2001:db8::/32", "[2001:db9::]/64", "fe80:0::1",
                                   "local", "not an address/24", "10.0.0.0/99"});
    CHECK(has<netaddr>(known, "192.0.2.1"));
    CHECK_FALSE(has<netaddr>(known, "192.0.2.2"));
    CHECK(has<netaddr>(known, "198.51.100.77"));
    CHECK(has<netaddr>(known, "::ffff:198.51.100.77"));
    CHECK(has<netaddr>(known, "2001:db8:1:2::3"));
    CHECK(has<netaddr>(known, "2001:db9::5"));
    CHECK_FALSE(has<netaddr>(known, "2001:db9:0:1::5"));
    CHECK(has<netaddr>(known, "FE80::1"));
    CHECK(has<netaddr>(known, "local"));
    CHECK_FALSE(has<netaddr>(known, "10.0.0.1"));
    CHECK_FALSE(has<netaddr>(known, "nonsense"));
    CHECK_FALSE(has<netaddr>(known, ""));
}

TEST_CASE("a mail address is found by what is exact first and by what is general last", "[table][services]") {
    CHECK(mailaddr{}.candidates("User+Tag@Dom.org") ==
          words{"user+tag@dom.org", "user@dom.org", "user+tag", "user", "@dom.org", "@"});
    CHECK(mailaddr{}.candidates("user@dom.org") == words{"user@dom.org", "user", "@dom.org", "@"});
    CHECK(mailaddr{}.candidates("\"a@b\"@dom.org") == words{"\"a@b\"@dom.org", "\"a@b\"", "@dom.org", "@"});
}

TEST_CASE("a stored mail address covers as much as it leaves out", "[table][services]") {
    static_table known = table_of(
        {"alice@example.org", "bob+lists@example.org", "carol", "@example.net", "dave@*.example.com", "@*.wild.org"});
    CHECK(has<mailaddr>(known, "Alice@Example.ORG"));
    CHECK(has<mailaddr>(known, "alice+tag@example.org"));
    CHECK_FALSE(has<mailaddr>(known, "alice@example.com"));
    CHECK(has<mailaddr>(known, "bob+lists@example.org"));
    CHECK_FALSE(has<mailaddr>(known, "bob@example.org"));  // a stored tag must be there
    CHECK_FALSE(has<mailaddr>(known, "bob+other@example.org"));
    CHECK(has<mailaddr>(known, "carol@anywhere.org"));
    CHECK(has<mailaddr>(known, "anybody@example.net"));
    CHECK(has<mailaddr>(known, "dave+x@a.example.com"));
    CHECK_FALSE(has<mailaddr>(known, "erin@a.example.com"));
    CHECK(has<mailaddr>(known, "anybody@a.b.wild.org"));
    CHECK_FALSE(has<mailaddr>(known, "anybody@wild.org"));
}

TEST_CASE("the null reverse-path is in a table of addresses only by its own sign or by the one for all",
          "[table][services]") {
    static_table addresses = table_of({"alice@example.org", "@example.org", "@*.org"});
    static_table null_too = table_of({"alice@example.org", "<>"});
    static_table all = table_of({"@"});
    CHECK_FALSE(has<mailaddr>(addresses, ""));
    CHECK(has<mailaddr>(null_too, ""));
    CHECK(has<mailaddr>(all, ""));
    CHECK(has<mailaddr>(all, "alice@example.org"));
}

TEST_CASE("an alias is looked up with its tag, then without", "[table][services]") {
    fake_table aliases({{"gilles", "eric"}});
    CHECK(run_to_end(find<alias>(aliases, "Gilles+Tag")).value() == "eric");
    CHECK(aliases.asked ==
          std::vector<std::pair<service, std::string>>{{service::alias, "gilles+tag"}, {service::alias, "gilles"}});
    CHECK(alias{}.candidates("+odd") == words{"+odd"});
}

TEST_CASE("a virtual address is looked up in OpenSMTPD's order", "[table][services]") {
    CHECK(virtual_alias{}.candidates("user+tag@dom") ==
          words{"user+tag@dom", "user@dom", "user+tag", "user", "@dom", "@"});
}

TEST_CASE("a tag begins at the delimiter that the house has", "[table][services]") {
    CHECK(alias{.tag_delimiter = '-'}.candidates("user-tag+x") == words{"user-tag+x", "user"});
    CHECK(virtual_alias{.tag_delimiter = '-'}.candidates("user-tag@dom") ==
          words{"user-tag@dom", "user@dom", "user-tag", "user", "@dom", "@"});
    CHECK(virtual_alias{.tag_delimiter = '-'}.candidates("user+tag@dom") ==
          words{"user+tag@dom", "user+tag", "@dom", "@"});
    CHECK(mailaddr{.tag_delimiter = '-'}.candidates("u-t@dom") == words{"u-t@dom", "u@dom", "u-t", "u", "@dom", "@"});

    static_table known = table_of({"alice@*.org", "bob-lists@*.org"});
    const mailaddr dashed{.tag_delimiter = '-'};
    CHECK(run_to_end(find(dashed, known, "alice-tag@example.org")).value().has_value());
    CHECK_FALSE(run_to_end(find(dashed, known, "alice+tag@example.org")).value().has_value());
    CHECK_FALSE(run_to_end(find(dashed, known, "bob@example.org")).value().has_value());
    CHECK(has<mailaddr>(known, "alice+tag@example.org"));
}

TEST_CASE("an expansion that is empty is a fault of the table, not an unknown user", "[table][services]") {
    fake_table aliases({{"gilles", " "}});
    CHECK(run_to_end(find<alias>(aliases, "gilles")).error() == errc::malformed_row);
}

TEST_CASE("a user is uid, gid and home, with or without the name of 2012 in front", "[table][services]") {
    const auto check = [](std::string_view row, unsigned uid, unsigned gid, std::string_view home) {
        auto user = userinfo::parse("vuser", row);
        REQUIRE(user.has_value());
        CHECK(user->name == "vuser");
        CHECK(user->uid == uid);
        CHECK(user->gid == gid);
        CHECK(user->home == home);
    };
    check("10:100:/tmp/vuser", 10, 100, "/tmp/vuser");
    check("vuser:10:100:/tmp/vuser", 10, 100, "/tmp/vuser");
    check("10:100:/tmp/a:b", 10, 100, "/tmp/a:b");
    check("77:10:100:/tmp/vuser", 10, 100, "/tmp/vuser");
    check("0:0:/root", 0, 0, "/root");
}

TEST_CASE("a user row that could give a wrong identity is refused", "[table][services]") {
    const char* const row = GENERATE("", "10", "10:100", "10:100:", "10:100:relative", "-1:100:/home/x", "10:x:/home/x",
                                     "4294967295:100:/home/x", "10:4294967295:/h", "4294967296:1:/h", " 10:100:/h",
                                     "a:b:c:/h", "vuser:10:100", "0x10:1:/h", "18446744073709551616:1:/h");
    CAPTURE(row);
    CHECK(userinfo::parse("x", row).error() == errc::malformed_row);
}

TEST_CASE("text is found as it is, and its case does not count", "[table][services]") {
    static_table tags = table_of({"Submission"});
    CHECK(has<string>(tags, "submission"));
    CHECK(has<string>(tags, "SUBMISSION"));
    CHECK_FALSE(has<string>(tags, "sub"));
}

TEST_CASE("a table that could not be asked is an error, never an absent key", "[table][services]") {
    fake_table broken({{"example.org", ""}});
    broken.unavailable = true;
    CHECK(run_to_end(find<domain>(broken, "example.org")).error() == errc::unavailable);
    CHECK(run_to_end(find<userinfo>(broken, "user")).error() == errc::unavailable);
    CHECK(run_to_end(find<regex>(broken, "text")).error() == errc::unavailable);
}

TEST_CASE("a service that only asks for existence hands back the row, or the key where the row is empty",
          "[table][services]") {
    fake_table rows({{"example.org", "found"}, {"example.net", ""}});
    CHECK(run_to_end(find<domain>(rows, "Example.org")).value() == "found");
    CHECK(run_to_end(find<domain>(rows, "Example.net")).value() == "example.net");
}

TEST_CASE("a stored domain is the same with the dot of the root", "[table][services]") {
    static_table rows = table_of({"bad.example.", "*.wild.example.", "[192.0.2.1]"});
    CHECK(has<domain>(rows, "BAD.example"));
    CHECK(has<domain>(rows, "bad.example."));
    CHECK(has<domain>(rows, "a.wild.example"));
    CHECK(has<domain>(rows, "[192.0.2.1]"));
    CHECK_FALSE(has<domain>(rows, "other.example"));
}

TEST_CASE("a row of a condition is judged by whether it can match", "[table][services]") {
    for (const std::string good : {"example.org", "example.org.", "*", "*.example.org", "mail*.example.com", "a_b.org",
                                   "[192.0.2.1]", "[192.0.2.*]", "localhost"}) {
        CAPTURE(good);
        CHECK_FALSE(fault_of_domain(good, {}).has_value());
        if (!good.ends_with('.')) CHECK_FALSE(mailaddr::fault_of("a+b@" + good, {}).has_value());
    }
    for (const std::string good : {"<>", "@", "@example.org", "joe", "joe@*.org", "\"a b\"@x.org", "o'neil@x.org"}) {
        CAPTURE(good);
        CHECK_FALSE(mailaddr::fault_of(good, {}).has_value());
    }
}

TEST_CASE("keys with SQL, formats and paths in them are just text", "[table][services]") {
    static_table known = table_of({"x'; drop table users;--@example.org", "%s%n@example.org"});
    CHECK(has<mailaddr>(known, "x'; drop table users;--@example.org"));
    CHECK(has<mailaddr>(known, "%s%n@example.org"));
    CHECK_FALSE(has<mailaddr>(known, "../../etc/passwd@example.org"));
}
