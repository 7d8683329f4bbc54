#include "waypost/inbound/report_routes.hpp"

#include <catch2/catch.hpp>

#include "support/fake_table.hpp"
#include "support/fake_user_files.hpp"
#include "support/run_until.hpp"
#include "support/virtual_clock.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using rules::condition;
using test::finish;

namespace {

struct fixture {
    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    test::fake_table domains{{{"example.org", ""}}};
    test::fake_user_files files;
    test::fake_table users{{{"ada", "1000:1000:/home/ada"}}};

    [[nodiscard]] rules::ruleset rules() {
        std::vector<std::unique_ptr<rules::action>> actions;
        actions.push_back(std::make_unique<rules::action>());
        actions.back()->name = "local";
        actions.back()->kind = rules::action::method::local;
        actions.back()->users = &users;
        actions.push_back(std::make_unique<rules::action>());
        actions.back()->name = "out";
        std::vector<rules::rule> all;
        rules::rule local;
        local.conditions = {{.tested = condition::subject::from_local},
                            {.tested = condition::subject::for_domain, .values = &domains}};
        local.outcome = actions[0].get();
        rules::rule out;
        out.conditions = {{.tested = condition::subject::from_local}, {.tested = condition::subject::for_any}};
        out.outcome = actions[1].get();
        all.push_back(std::move(local));
        all.push_back(std::move(out));
        return rules::ruleset(std::move(actions), std::move(all), {});
    }

    base::result<std::vector<spool::envelope>> route(const rules::ruleset& by, const char* to) {
        inbound::report_routes routes(std::shared_ptr<const rules::ruleset>(std::shared_ptr<void>(), &by), files, clock,
                                      3600s);
        return finish(loop, routes.route(mail::mailbox::parse(to).value()));
    }
};

}  // namespace

TEST_CASE("a report goes the way of any mail that is made here", "[inbound][report_routes]") {
    fixture f;
    const auto rules = f.rules();
    const auto there = f.route(rules, "bob@example.net");
    REQUIRE(there.has_value());
    REQUIRE(there->size() == 1);
    CHECK(there->front().hop.action == "out");
    CHECK(there->front().recipient.address.text() == "bob@example.net");
    CHECK(there->front().expires == f.clock.wall() + 3600s);
    const auto here = f.route(rules, "ada@example.org");
    REQUIRE(here.has_value());
    REQUIRE(here->size() == 1);
    CHECK(here->front().hop.action == "local");
    CHECK(here->front().user == "ada");
}

TEST_CASE("nobody is told what became of a report", "[inbound][report_routes]") {
    fixture f;
    const auto rules = f.rules();
    const auto found = f.route(rules, "bob@example.net");
    REQUIRE(found->size() == 1);
    CHECK(found->front().recipient.notify == mail::dsn_notify{.specified = true, .never = true});
}

TEST_CASE("a report that the rules refuse goes nowhere, ever", "[inbound][report_routes]") {
    fixture f;
    SECTION("no such user") {
        const auto rules = f.rules();
        const auto found = f.route(rules, "nobody@example.org");
        REQUIRE(found.has_value());
        CHECK(found->empty());
    }
    SECTION("no rule at all") {
        const rules::ruleset none({}, {}, {});
        const auto found = f.route(none, "bob@example.net");
        REQUIRE(found.has_value());
        CHECK(found->empty());
    }
}

TEST_CASE("a report whose way cannot be found out now is tried again", "[inbound][report_routes]") {
    fixture f;
    const auto rules = f.rules();
    SECTION("the rules' table") { f.domains.unavailable = true; }
    SECTION("the user database") { f.users.unavailable = true; }
    CHECK(f.route(rules, "ada@example.org").has_error());
}
