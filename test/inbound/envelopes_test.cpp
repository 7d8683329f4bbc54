#include "waypost/inbound/envelopes.hpp"

#include <catch2/catch.hpp>

using namespace waypost;
using namespace std::chrono_literals;
using inbound::envelopes_of;

namespace {

mail::mailbox box(const char* text) { return mail::mailbox::parse(text).value(); }

rules::action action(const char* name, rules::action::method by, std::optional<std::chrono::seconds> ttl = {}) {
    rules::action made;
    made.name = name;
    made.by = by;
    made.ttl = ttl;
    return made;
}

const async::wall_time now{std::chrono::seconds(1'800'000'000)};

}  // namespace

TEST_CASE("each destination is one envelope", "[inbound][envelopes]") {
    const auto out = action("out", rules::action::method::relay_host);
    const auto local = action("local", rules::action::method::local);
    const mail::recipient given{.to = box("all@example.org"),
                                .notify = {.specified = true, .never = true},
                                .original = "rfc822;all@example.org"};
    const auto made = envelopes_of({{.by = &out, .to = box("a@example.net"), .user = "", .because = nullptr},
                                    {.by = &local, .to = box("ada@example.org"), .user = "ada", .because = nullptr}},
                                   given, now, 3600s);
    REQUIRE(made.size() == 2);
    CHECK(made[0].hop == spool::next_hop{.action = "out", .domain = ""});
    CHECK(made[0].to.to == box("a@example.net"));
    CHECK(made[0].user.empty());
    CHECK(made[1].hop == spool::next_hop{.action = "local", .domain = ""});
    CHECK(made[1].user == "ada");
    for (const auto& each : made) {
        CHECK(each.given == "all@example.org");
        CHECK(each.to.notify == given.notify);
        CHECK(each.to.original == "rfc822;all@example.org");
        CHECK(each.expires == now + 3600s);
        CHECK(each.tries == 0);
    }
}

TEST_CASE("mail for the MX hosts of domains goes by domain, mail for a relay does not", "[inbound][envelopes]") {
    const auto direct = action("direct", rules::action::method::relay_by_domain);
    const auto made = envelopes_of({{.by = &direct, .to = box("a@one.example"), .user = "", .because = nullptr},
                                    {.by = &direct, .to = box("b@TWO.example"), .user = "", .because = nullptr},
                                    {.by = &direct, .to = box("c@[192.0.2.1]"), .user = "", .because = nullptr}},
                                   {.to = box("x@example.org"), .notify = {}, .original = {}}, now, 60s);
    REQUIRE(made.size() == 3);
    CHECK(made[0].hop == spool::next_hop{.action = "direct", .domain = "one.example"});
    CHECK(made[1].hop == spool::next_hop{.action = "direct", .domain = "two.example"});
    CHECK(made[2].hop == spool::next_hop{.action = "direct", .domain = "[192.0.2.1]"});
}

TEST_CASE("the address as given is kept only where expansion made another of it", "[inbound][envelopes]") {
    const auto out = action("out", rules::action::method::relay_host);
    const auto made = envelopes_of({{.by = &out, .to = box("a@example.net"), .user = "", .because = nullptr}},
                                   {.to = box("a@example.net"), .notify = {}, .original = {}}, now, 60s);
    REQUIRE(made.size() == 1);
    CHECK(made[0].given.empty());
}

TEST_CASE("an action's own ttl beats the queue's", "[inbound][envelopes]") {
    const auto brief = action("brief", rules::action::method::relay_host, 5s);
    const auto made = envelopes_of({{.by = &brief, .to = box("a@example.net"), .user = "", .because = nullptr}},
                                   {.to = box("a@example.net"), .notify = {}, .original = {}}, now, 60s);
    CHECK(made.at(0).expires == now + 5s);
}

TEST_CASE("no destination is no envelope", "[inbound][envelopes]") {
    CHECK(envelopes_of({}, {.to = box("a@example.net"), .notify = {}, .original = {}}, now, 60s).empty());
}
