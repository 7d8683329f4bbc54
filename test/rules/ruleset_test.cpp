#include "waypost/rules/ruleset.hpp"

#include <catch2/catch.hpp>

#include "support/fake_table.hpp"
#include "support/run_to_end.hpp"
#include "waypost/table/services.hpp"
#include "waypost/table/static_table.hpp"

using namespace waypost;
using namespace waypost::rules;
using test::fake_table;
using test::run_to_end;
using subject = condition::subject;

namespace {

envelope_context mail_from(std::string sender, std::string recipient) {
    return {.origin = boost::asio::ip::make_address("192.0.2.1"),
            .tag = {},
            .helo = "client.example.net",
            .user = {},
            .tls = false,
            .sender = *mail::reverse_path::from_text(sender),
            .recipient = *mail::mailbox::parse(recipient),
            .rdns = {}};
}

table::static_table list(std::vector<std::string> keys) {
    table::entries made;
    for (std::string& key : keys) made.rows.emplace_back(std::move(key), "");
    return {"list", std::move(made)};
}

/// Whether a rule of these conditions alone takes that mail.
bool matches(std::vector<condition> conditions, const envelope_context& envelope_context,
             bool authenticated_pass_source = false) {
    std::vector<rule> one;
    one.push_back({.conditions = std::move(conditions),
                   .outcome = nullptr,
                   .authenticated_pass_source = authenticated_pass_source,
                   .line = {}});
    const ruleset rules({}, std::move(one), {.local_names = {"localhost", "mx.example.org"}});
    return run_to_end(rules.match(envelope_context)).value() != nullptr;
}

async::awaitable<base::result<std::string>> named(std::string name) { co_return name; }
async::awaitable<base::result<std::string>> no_answer() { co_return table::errc::unavailable; }

}  // namespace

TEST_CASE("the first rule that matches wins", "[rules][ruleset]") {
    auto example = list({"example.org"});
    std::vector<std::unique_ptr<action>> actions;
    actions.push_back(std::make_unique<action>());
    actions.back()->name = "out";
    std::vector<rule> lines;
    lines.push_back(
        {.conditions = {{.tested = subject::for_domain, .values = &example}}, .outcome = nullptr, .line = {}});
    lines.push_back({.conditions = {{.tested = subject::from_any}, {.tested = subject::for_any}},
                     .outcome = actions.front().get(),
                     .line = {}});
    lines.push_back({.conditions = {}, .outcome = nullptr, .line = {}});
    const ruleset rules(std::move(actions), std::move(lines), {});

    CHECK(run_to_end(rules.match(mail_from("a@b.c", "user@example.org"))).value() == &rules.rules()[0]);
    CHECK(run_to_end(rules.match(mail_from("a@b.c", "user@example.net"))).value() == &rules.rules()[1]);
    CHECK(rules.find_action("out") == rules.rules()[1].outcome);
    CHECK(rules.find_action("elsewhere") == nullptr);
}

TEST_CASE("without a rule that matches there is none", "[rules][ruleset]") {
    const ruleset rules({}, {}, {});
    CHECK(run_to_end(rules.match(mail_from("a@b.c", "user@example.org"))).value() == nullptr);
}

TEST_CASE("local is the socket, the loopback and what was made here", "[rules][ruleset]") {
    envelope_context about = mail_from("a@b.c", "user@example.org");
    const condition local{.tested = subject::from_local};
    const condition socket{.tested = subject::from_socket};
    const condition any{.tested = subject::from_any};

    CHECK_FALSE(matches({local}, about));
    CHECK(matches({any}, about));
    about.origin = local_socket{};
    CHECK(matches({local}, about));
    CHECK(matches({socket}, about));
    about.origin = made_here{};
    CHECK(matches({local}, about));
    CHECK(matches({any}, about));
    CHECK_FALSE(matches({socket}, about));
    for (const char* loopback : {"127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"}) {
        about.origin = boost::asio::ip::make_address(loopback);
        CHECK(matches({local}, about));
        CHECK_FALSE(matches({socket}, about));
    }
    about.origin = boost::asio::ip::make_address("2001:db8::1");
    CHECK_FALSE(matches({local}, about));
}

TEST_CASE("an authenticated client from afar is not local", "[rules][ruleset]") {
    envelope_context about = mail_from("a@b.c", "user@example.org");
    about.user = "gilles";
    CHECK_FALSE(matches({{.tested = subject::from_local}}, about));
    CHECK(matches({{.tested = subject::from_any}}, about));
}

TEST_CASE("in a rule of 2012 an authenticated session passes every check of its source", "[rules][ruleset]") {
    envelope_context about = mail_from("a@b.c", "user@example.org");
    auto elsewhere = list({"198.51.100.0/24"});
    const std::vector<condition> local = {{.tested = subject::from_local}, {.tested = subject::for_any}};
    const std::vector<condition> source = {{.tested = subject::from_source, .values = &elsewhere}};
    CHECK_FALSE(matches(local, about, true));
    about.user = "gilles";
    CHECK_FALSE(matches(local, about, false));
    CHECK(matches(local, about, true));
    CHECK(matches(source, about, true));
    CHECK_FALSE(matches({{.tested = subject::from_local}, {.tested = subject::for_local}}, about, true));
}

TEST_CASE("a source is an address, a network or local", "[rules][ruleset]") {
    auto networks = list({"192.0.2.0/24", "2001:db8::/32"});
    auto socket_only = list({"local"});
    auto expression = list({"^192\\.0\\.2\\.[0-9]$"});
    envelope_context about = mail_from("a@b.c", "user@example.org");
    CHECK(matches({{.tested = subject::from_source, .values = &networks}}, about));
    CHECK_FALSE(matches({{.tested = subject::from_source, .values = &socket_only}}, about));
    CHECK(matches({{.tested = subject::from_source, .regex = true, .values = &expression}}, about));
    about.origin = boost::asio::ip::make_address("::ffff:192.0.2.77");
    CHECK(matches({{.tested = subject::from_source, .values = &networks}}, about));
    CHECK_FALSE(matches({{.tested = subject::from_source, .regex = true, .values = &expression}}, about));
    about.origin = local_socket{};
    CHECK_FALSE(matches({{.tested = subject::from_source, .values = &networks}}, about));
    CHECK(matches({{.tested = subject::from_source, .values = &socket_only}}, about));
    about.origin = made_here{};
    CHECK(matches({{.tested = subject::from_source, .values = &socket_only}}, about));
}

TEST_CASE("auth wants a user, or one of these users", "[rules][ruleset]") {
    auto users = list({"Gilles"});
    auto expression = list({"^gil"});
    envelope_context about = mail_from("a@b.c", "user@example.org");
    for (const subject what : {subject::auth, subject::from_auth}) {
        about.user.clear();
        CHECK_FALSE(matches({{.tested = what}}, about));
        CHECK(matches({{.tested = what, .negated = true}}, about));
        CHECK_FALSE(matches({{.tested = what, .values = &users}}, about));
        about.user = "gilles";
        CHECK(matches({{.tested = what}}, about));
        CHECK(matches({{.tested = what, .values = &users}}, about));
        CHECK(matches({{.tested = what, .regex = true, .values = &expression}}, about));
        about.user = "eric";
        CHECK(matches({{.tested = what}}, about));
        CHECK_FALSE(matches({{.tested = what, .values = &users}}, about));
    }
}

TEST_CASE("the client's name is asked for only by a rule that wants it", "[rules][ruleset]") {
    auto names = list({"*.example.net"});
    auto expression = list({"^mx[0-9]"});
    envelope_context about = mail_from("a@b.c", "user@example.org");
    int asked = 0;
    about.rdns = [&asked] {
        ++asked;
        return named("mx1.example.net");
    };
    CHECK(matches({{.tested = subject::from_any}, {.tested = subject::for_any}}, about));
    CHECK(asked == 0);
    CHECK(matches({{.tested = subject::from_rdns}}, about));
    CHECK(asked == 1);
    CHECK(matches({{.tested = subject::from_rdns, .values = &names}}, about));
    CHECK(matches({{.tested = subject::from_rdns, .regex = true, .values = &expression}}, about));

    SECTION("no name is no match") {
        about.rdns = [] { return named(""); };
        CHECK_FALSE(matches({{.tested = subject::from_rdns}}, about));
        CHECK_FALSE(matches({{.tested = subject::from_rdns, .values = &names}}, about));
        CHECK(matches({{.tested = subject::from_rdns, .negated = true, .values = &names}}, about));
        about.rdns = {};
        CHECK_FALSE(matches({{.tested = subject::from_rdns}}, about));
    }
    SECTION("mail made here has no client") {
        about.origin = made_here{};
        CHECK_FALSE(matches({{.tested = subject::from_rdns}}, about));
    }
    SECTION("a name that could not be asked for is an error") {
        about.rdns = [] { return no_answer(); };
        std::vector<rule> one;
        one.push_back(
            {.conditions = {{.tested = subject::from_rdns, .negated = true}}, .outcome = nullptr, .line = {}});
        const ruleset rules({}, std::move(one), {});
        CHECK(run_to_end(rules.match(about)).has_error());
    }
}

TEST_CASE("a recipient is matched by domain, by address, or as local", "[rules][ruleset]") {
    auto domains = list({"example.org", "*.example.org"});
    auto addresses = list({"user@example.org", "@example.net"});
    auto expression = list({"^(user|admin)"});
    const envelope_context org = mail_from("a@b.c", "User+tag@Example.org");
    const envelope_context sub = mail_from("a@b.c", "admin@sub.example.org");
    const envelope_context host = mail_from("a@b.c", "user@MX.example.org");
    CHECK(matches({{.tested = subject::for_domain, .values = &domains}}, org));
    CHECK(matches({{.tested = subject::for_domain, .values = &domains}}, sub));
    CHECK_FALSE(matches({{.tested = subject::for_domain, .values = &domains}}, mail_from("a@b.c", "u@xexample.org")));
    CHECK(
        matches({{.tested = subject::for_domain, .regex = true, .values = &expression}}, mail_from("", "x@admin.org")));
    for (const subject what : {subject::for_recipient, subject::rcpt_to}) {
        CHECK(matches({{.tested = what, .values = &addresses}}, org));
        CHECK_FALSE(matches({{.tested = what, .values = &addresses}}, sub));
        CHECK(matches({{.tested = what, .regex = true, .values = &expression}}, sub));
    }
    CHECK(matches({{.tested = subject::for_local}}, host));
    CHECK_FALSE(matches({{.tested = subject::for_local}}, org));
    CHECK(matches({{.tested = subject::for_local, .negated = true}}, org));
}

TEST_CASE("a sender is matched by address; the null reverse-path by none", "[rules][ruleset]") {
    auto addresses = list({"@example.org", "eric"});
    auto everything = list({".*"});
    for (const subject what : {subject::mail_from, subject::from_mail_from}) {
        CHECK(matches({{.tested = what, .values = &addresses}}, mail_from("a@example.org", "x@y.z")));
        CHECK(matches({{.tested = what, .values = &addresses}}, mail_from("eric@example.com", "x@y.z")));
        CHECK_FALSE(matches({{.tested = what, .values = &addresses}}, mail_from("a@example.com", "x@y.z")));
        CHECK_FALSE(matches({{.tested = what, .values = &addresses}}, mail_from("", "x@y.z")));
        CHECK(matches({{.tested = what, .regex = true, .values = &everything}}, mail_from("", "x@y.z")));
    }
}

TEST_CASE("tag, helo and tls are conditions like any other", "[rules][ruleset]") {
    auto tags = list({"submission"});
    auto names = list({"*.example.net"});
    envelope_context about = mail_from("a@b.c", "x@y.z");
    CHECK_FALSE(matches({{.tested = subject::tag, .values = &tags}}, about));
    about.tag = "Submission";
    CHECK(matches({{.tested = subject::tag, .values = &tags}}, about));
    CHECK(matches({{.tested = subject::helo, .values = &names}}, about));
    about.helo.clear();
    CHECK_FALSE(matches({{.tested = subject::helo, .values = &names}}, about));
    CHECK(matches({{.tested = subject::helo, .negated = true, .values = &names}}, about));
    CHECK_FALSE(matches({{.tested = subject::tls}}, about));
    CHECK(matches({{.tested = subject::tls, .negated = true}}, about));
    about.tls = true;
    CHECK(matches({{.tested = subject::tls}}, about));
}

TEST_CASE("a table that could not be asked stops the search, negated or not", "[rules][ruleset]") {
    fake_table broken;
    broken.unavailable = true;
    const bool negated = GENERATE(false, true);
    std::vector<rule> lines;
    lines.push_back({.conditions = {{.tested = subject::for_domain, .negated = negated, .values = &broken}},
                     .outcome = nullptr,
                     .line = {}});
    lines.push_back({.conditions = {{.tested = subject::for_any}}, .outcome = nullptr, .line = {}});
    const ruleset rules({}, std::move(lines), {});
    CHECK(run_to_end(rules.match(mail_from("a@b.c", "x@y.z"))).error() == table::errc::unavailable);
}

TEST_CASE("a condition that fails spares the tables behind it", "[rules][ruleset]") {
    fake_table domains({{"y.z", ""}});
    const std::vector<condition> conditions = {{.tested = subject::from_local},
                                               {.tested = subject::for_domain, .values = &domains}};
    CHECK_FALSE(matches(conditions, mail_from("a@b.c", "x@y.z")));
    CHECK(domains.asked.empty());
}

TEST_CASE("a rule or an action that lacks its table is refused at once", "[rules][ruleset]") {
    std::vector<rule> lines;
    lines.push_back({.conditions = {{.tested = subject::for_domain}}, .outcome = nullptr, .line = {}});
    CHECK_THROWS_AS(ruleset({}, std::move(lines), {}), std::invalid_argument);

    const auto with = [](action::method method, action::expansion expand) {
        std::vector<std::unique_ptr<action>> actions;
        actions.push_back(std::make_unique<action>());
        actions.back()->kind = method;
        actions.back()->expand = expand;
        return actions;
    };
    using method = action::method;
    using expansion = action::expansion;
    CHECK_NOTHROW(ruleset(with(method::relay_by_domain, expansion::none), {}, {}));
    CHECK_THROWS_AS(ruleset(with(method::local, expansion::none), {}, {}), std::invalid_argument);
    CHECK_THROWS_AS(ruleset(with(method::relay_by_domain, expansion::alias), {}, {}), std::invalid_argument);
}

// What the announcement of December 2012 ends with.
TEST_CASE("the announcement's example takes its users' mail, and nobody else's", "[rules][ruleset]") {
    auto poolp = list({"poolp.org"});
    std::vector<rule> lines;
    lines.push_back({.conditions = {{.tested = subject::from_local}, {.tested = subject::for_domain, .values = &poolp}},
                     .outcome = nullptr,
                     .authenticated_pass_source = true,
                     .line = {}});
    lines.push_back({.conditions = {{.tested = subject::from_local}, {.tested = subject::for_any}},
                     .outcome = nullptr,
                     .authenticated_pass_source = true,
                     .line = {}});
    const ruleset rules({}, std::move(lines), {});
    envelope_context about = mail_from("gilles@poolp.org", "x@example.org");
    CHECK(run_to_end(rules.match(about)).value() == nullptr);
    about.user = "gilles";
    CHECK(run_to_end(rules.match(about)).value() == &rules.rules()[1]);
    about.recipient = *mail::mailbox::parse("eric@poolp.org");
    CHECK(run_to_end(rules.match(about)).value() == &rules.rules()[0]);
}
