#include "waypost/rules/accept_recipient.hpp"

#include <catch2/catch.hpp>

#include "house.hpp"
#include "waypost/spool/expansion_notice.hpp"

using namespace waypost;
using namespace std::chrono_literals;

namespace {

mail::mailbox box(const char* text) { return mail::mailbox::parse(text).value(); }

rules::action action(const char* name, rules::action::method by, std::optional<std::chrono::seconds> ttl = {}) {
    rules::action made;
    made.name = name;
    made.kind = by;
    made.ttl = ttl;
    return made;
}

const async::wall_time now{std::chrono::seconds(1'800'000'000)};

rules::envelope_context facts_for(const mail::mailbox& recipient) {
    return {.origin = boost::asio::ip::make_address("192.0.2.1"),
            .tag = {},
            .helo = {},
            .user = {},
            .sender = mail::reverse_path(box("me@example.org")),
            .recipient = recipient,
            .time = now,
            .rdns = {}};
}

std::vector<spool::envelope> envelopes_of(const std::vector<rules::resolved_recipient>& destinations,
                                          const mail::recipient& recipient, std::chrono::seconds ttl) {
    return rules::envelopes_of(destinations, facts_for(recipient.address), recipient, ttl);
}

/// What NOTIFY asks for an address of the house, by recipient; a notice has "expanded" in front.
std::map<std::string, std::string> notifies(test::rules_house& house, const char* to, const char* notify,
                                            bool has_sender = true) {
    auto envelope_context = facts_for(box(to));
    if (!has_sender) envelope_context.sender = {};
    const mail::recipient given{.address = box(to), .notify = mail::notify_from_text(notify).value(), .original = {}};
    const auto accepted =
        test::run_to_end(rules::accept_recipient(*house.rules, envelope_context, house.files, given, 60s));
    std::map<std::string, std::string> all;
    for (const spool::envelope& each : std::get<0>(accepted)) {
        const std::string kind = spool::is_expansion_notice(each.hop) ? "expanded " : "";
        all[kind + each.recipient.address.text() + (each.user.empty() ? "" : " " + each.user)] =
            mail::to_text(each.recipient.notify);
    }
    return all;
}

}  // namespace

TEST_CASE("each destination is one envelope", "[rules][accept_recipient]") {
    const auto out = action("out", rules::action::method::relay_host);
    const auto local = action("local", rules::action::method::local);
    const mail::recipient given{.address = box("all@example.org"),
                                .notify = {.specified = true, .never = true},
                                .original = "rfc822;all@example.org"};
    const auto made =
        envelopes_of({{.action = &out, .recipient = box("a@example.net"), .user = "", .because = nullptr},
                      {.action = &local, .recipient = box("ada@example.org"), .user = "ada", .because = nullptr}},
                     given, 3600s);
    REQUIRE(made.size() == 2);
    CHECK(made[0].hop == spool::next_hop{.action = "out", .domain = ""});
    CHECK(made[0].recipient.address == box("a@example.net"));
    CHECK(made[0].user.empty());
    CHECK(made[1].hop == spool::next_hop{.action = "local", .domain = ""});
    CHECK(made[1].user == "ada");
    for (const auto& each : made) {
        CHECK(each.original == "all@example.org");
        CHECK(each.recipient.notify == given.notify);
        CHECK(each.recipient.original == "rfc822;all@example.org");
        CHECK(each.expires == now + 3600s);
        CHECK(each.tries == 0);
    }
}

TEST_CASE("mail for the MX hosts of domains goes by domain, mail for a relay does not", "[rules][accept_recipient]") {
    const auto direct = action("direct", rules::action::method::relay_by_domain);
    const auto made =
        envelopes_of({{.action = &direct, .recipient = box("a@one.example"), .user = "", .because = nullptr},
                      {.action = &direct, .recipient = box("b@TWO.example"), .user = "", .because = nullptr},
                      {.action = &direct, .recipient = box("c@[192.0.2.1]"), .user = "", .because = nullptr}},
                     {.address = box("x@example.org"), .notify = {}, .original = {}}, 60s);
    REQUIRE(made.size() == 3);
    CHECK(made[0].hop == spool::next_hop{.action = "direct", .domain = "one.example"});
    CHECK(made[1].hop == spool::next_hop{.action = "direct", .domain = "two.example"});
    CHECK(made[2].hop == spool::next_hop{.action = "direct", .domain = "[192.0.2.1]"});
}

TEST_CASE("the address as given is kept only where expansion made another of it", "[rules][accept_recipient]") {
    const auto out = action("out", rules::action::method::relay_host);
    const auto made =
        envelopes_of({{.action = &out, .recipient = box("a@example.net"), .user = "", .because = nullptr}},
                     {.address = box("a@example.net"), .notify = {}, .original = {}}, 60s);
    REQUIRE(made.size() == 1);
    CHECK(made[0].original.empty());
}

TEST_CASE("an action's own ttl beats the queue's", "[rules][accept_recipient]") {
    const auto brief = action("brief", rules::action::method::relay_host, 5s);
    const auto made =
        envelopes_of({{.action = &brief, .recipient = box("a@example.net"), .user = "", .because = nullptr}},
                     {.address = box("a@example.net"), .notify = {}, .original = {}}, 60s);
    CHECK(made.at(0).expires == now + 5s);
}

TEST_CASE("no destination is no envelope", "[rules][accept_recipient]") {
    CHECK(envelopes_of({}, {.address = box("a@example.net"), .notify = {}, .original = {}}, 60s).empty());
}

using by_recipient = std::map<std::string, std::string>;

TEST_CASE("audit 37: SUCCESS of a list is answered by one notice and asked of no member", "[rules][accept_recipient]") {
    test::rules_house house(rules::action::expansion::alias, {{"staff", "alice, bob, carol@elsewhere.net"}});
    CHECK(notifies(house, "staff@example.org", "SUCCESS,FAILURE") ==
          by_recipient{{"expanded staff@example.org", "SUCCESS"},
                       {"staff@example.org alice", "FAILURE"},
                       {"staff@example.org bob", "FAILURE"},
                       {"carol@elsewhere.net", "FAILURE"}});
    CHECK(notifies(house, "staff@example.org", "SUCCESS")["carol@elsewhere.net"] == "NEVER");
}

TEST_CASE("an address that leads to one other passes on what its sender asks for (RFC 3461 5.2.7.2)",
          "[rules][accept_recipient]") {
    test::rules_house house(rules::action::expansion::alias, {{"ada", "ada@elsewhere.net"}});
    CHECK(notifies(house, "ada@example.org", "SUCCESS,DELAY") == by_recipient{{"ada@elsewhere.net", "SUCCESS,DELAY"}});
}

TEST_CASE("a mailbox of another name reports its own success", "[rules][accept_recipient]") {
    test::rules_house house(rules::action::expansion::alias, {{"postmaster", "alice"}});
    CHECK(notifies(house, "postmaster@example.org", "SUCCESS") ==
          by_recipient{{"postmaster@example.org alice", "SUCCESS"}});
}

TEST_CASE("nobody is told of an expansion who did not ask, or is nobody", "[rules][accept_recipient]") {
    test::rules_house house(rules::action::expansion::alias, {{"staff", "alice, bob"}});
    const by_recipient failures{{"staff@example.org alice", "FAILURE"}, {"staff@example.org bob", "FAILURE"}};
    CHECK(notifies(house, "staff@example.org", "FAILURE") == failures);
    CHECK(notifies(house, "staff@example.org", "SUCCESS,FAILURE", false) == failures);
}

TEST_CASE("a recipient that the rules refuse is accepted nowhere", "[rules][accept_recipient]") {
    test::rules_house house(rules::action::expansion::none);
    const mail::recipient given{.address = box("nobody@example.org"), .notify = {}, .original = {}};
    const auto envelope_context = facts_for(given.address);
    const auto accepted =
        test::run_to_end(rules::accept_recipient(*house.rules, envelope_context, house.files, given, 60s));
    CHECK(std::get<mail::status>(accepted).enhanced().text() == "5.1.1");
}
