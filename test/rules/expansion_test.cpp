#include "waypost/rules/expansion.hpp"

#include <catch2/catch.hpp>
#include <chrono>

#include "support/fake_table.hpp"
#include "support/run_to_end.hpp"

using namespace waypost;
using namespace waypost::rules;
using test::fake_table;
using test::run_to_end;
using subject = condition::subject;

namespace {

/// A house with users of its own (example.org, by `expand` over `rows`), and a way out for what is made here or anybody
/// authenticated.
class house {
public:
    explicit house(action::expansion expand, std::map<std::string, std::string> given = {}) : rows(std::move(given)) {
        std::vector<std::unique_ptr<action>> actions;
        actions.push_back(std::make_unique<action>(action{.name = "local",
                                                          .by = action::method::local,
                                                          .expand = expand,
                                                          .expand_with = &rows,
                                                          .users = &users,
                                                          .ttl = {}}));
        actions.push_back(std::make_unique<action>(action{.name = "out", .by = action::method::relay_by_domain, .ttl = {}}));
        actions.push_back(std::make_unique<action>(action{
            .name = "forward", .by = action::method::relay_host, .expand = expand, .expand_with = &rows, .ttl = {}}));
        local = actions[0].get();
        out = actions[1].get();
        forward = actions[2].get();
        std::vector<rule> lines;
        const condition any{.what = subject::from_any};
        lines.push_back({.conditions = {any, {.what = subject::for_domain, .values = &refused}}, .where = {}});
        lines.push_back(
            {.conditions = {any, {.what = subject::for_domain, .values = &ours}}, .then = local, .where = {}});
        lines.push_back(
            {.conditions = {any, {.what = subject::for_domain, .values = &forwarded}}, .then = forward, .where = {}});
        lines.push_back({.conditions = {{.what = subject::from_local}}, .then = out, .where = {}});
        rules.emplace(std::move(actions), std::move(lines), std::vector<std::string>{"localhost"});
    }

    std::variant<std::vector<destination>, mail::status> resolve(std::string recipient) {
        const facts about{.from = boost::asio::ip::make_address("192.0.2.1"),
                          .tag = {},
                          .helo = {},
                          .user = {},
                          .sender = {},
                          .recipient = *mail::mailbox::parse(recipient),
                          .rdns = {}};
        return run_to_end(rules::resolve(*rules, about));
    }

    std::string status(std::string recipient) {
        auto given = resolve(std::move(recipient));
        if (const auto* said = std::get_if<mail::status>(&given)) {
            return std::to_string(said->code()) + " " + said->enhanced().text();
        }
        return "accepted";
    }

    /// "action address user", sorted as found.
    std::vector<std::string> ways(std::string recipient) {
        auto given = resolve(std::move(recipient));
        if (const auto* said = std::get_if<mail::status>(&given)) return {said->line()};
        std::vector<std::string> found;
        for (const destination& one : std::get<0>(given)) {
            CHECK(one.because != nullptr);
            CHECK(one.because->then == one.by);
            found.push_back(one.by->name + " " + one.to.text() + (one.user.empty() ? "" : " " + one.user));
        }
        return found;
    }

    fake_table rows;
    fake_table users{{{"alice", "1:1:/home/alice"}, {"bob", "2:2:/home/bob"}, {"root", "0:0:/root"}}};
    fake_table ours{{{"example.org", ""}}};
    fake_table forwarded{{{"forward.org", ""}}};
    fake_table refused{{{"refused.org", ""}}};
    const action* local = nullptr;
    const action* out = nullptr;
    const action* forward = nullptr;
    std::optional<ruleset> rules;
};

using lines = std::vector<std::string>;
using expansion = action::expansion;

}  // namespace

TEST_CASE("without an expansion the local-part is the user", "[rules][expansion]") {
    house at(expansion::none);
    CHECK(at.ways("alice@example.org") == lines{"local alice@example.org alice"});
    CHECK(at.ways("ALICE@example.org") == lines{"local ALICE@example.org alice"});
    CHECK(at.ways("alice+news@example.org") == lines{"local alice+news@example.org alice"});
    CHECK(at.status("carol@example.org") == "550 5.1.1");
    CHECK(at.status("\"../../etc\"@example.org") == "550 5.1.1");
    CHECK(at.status("\"a b\"@example.org") == "550 5.1.1");
    CHECK(at.status("+alice@example.org") == "550 5.1.1");
}

TEST_CASE("mail that no rule takes is refused, and so is what a rule rejects", "[rules][expansion]") {
    house at(expansion::none);
    CHECK(at.ways("x@elsewhere.net") == lines{"550 5.7.1 Relaying denied"});
    CHECK(at.ways("x@localhost") == lines{"550 5.7.1 Recipient not accepted here"});
    CHECK(at.ways("x@refused.org") == lines{"550 5.7.1 Rejected by policy"});
}

TEST_CASE("a relay takes the recipient as it is", "[rules][expansion]") {
    house at(expansion::none);
    CHECK(at.ways("Any.Body+x@forward.org") == lines{"forward Any.Body+x@forward.org"});
}

TEST_CASE("a table that could not be asked defers, whichever it is", "[rules][expansion]") {
    house at(expansion::alias, {{"list", "alice, nobody"}});
    const auto broken = GENERATE(&house::rows, &house::users, &house::ours);
    (at.*broken).unavailable = true;
    CHECK(at.status("list@example.org") == "451 4.3.0");
}

TEST_CASE("an alias expands to users, their aliases and addresses elsewhere", "[rules][expansion]") {
    house at(expansion::alias, {{"staff", "alice, Robert, carol@elsewhere.net"},
                                {"robert", "bob"},
                                {"alice+urgent", "bob"},
                                {"postmaster", "root"},
                                {"root", "root"}});
    CHECK(at.ways("staff@example.org") ==
          lines{"local staff@example.org alice", "out carol@elsewhere.net", "local staff@example.org bob"});
    CHECK(at.ways("alice@example.org") == lines{"local alice@example.org alice"});
    CHECK(at.ways("alice+urgent@example.org") == lines{"local alice+urgent@example.org bob"});
    CHECK(at.ways("alice+other@example.org") == lines{"local alice+other@example.org alice"});
    CHECK(at.ways("PostMaster@example.org") == lines{"local PostMaster@example.org root"});
    CHECK(at.ways("root+x@example.org") == lines{"local root+x@example.org root"});
    CHECK(at.status("nobody@example.org") == "550 5.1.1");
}

TEST_CASE("a name that expands to itself ends there", "[rules][expansion]") {
    house at(expansion::alias, {{"alice", "alice, bob"}, {"bob", "bob@example.org"}});
    CHECK(at.ways("alice@example.org") == lines{"local alice@example.org alice", "local bob@example.org bob"});
    CHECK(at.ways("bob@example.org") == lines{"local bob@example.org bob"});
}

TEST_CASE("a mailbox gets one copy, however many ways lead there", "[rules][expansion]") {
    house at(expansion::alias, {{"all", "staff, alice, friends, alice@example.org, x@elsewhere.net, x@elsewhere.net"},
                                {"staff", "alice, bob"},
                                {"friends", "bob, staff"}});
    const auto ways = at.ways("all@example.org");
    CHECK(ways.size() == 3);
}

TEST_CASE("a loop ends, and without another way out it is refused", "[rules][expansion]") {
    house at(
        expansion::alias,
        {{"a", "b"}, {"b", "c"}, {"c", "a"}, {"x", "y@example.org"}, {"y", "x@example.org"}, {"with", "a, x, alice"}});
    CHECK(at.status("a@example.org") == "524 5.4.6");
    CHECK(at.status("x@example.org") == "524 5.4.6");
    CHECK(at.ways("with@example.org") == lines{"local with@example.org alice"});
}

TEST_CASE("the depth of an expansion is bounded", "[rules][expansion]") {
    std::map<std::string, std::string> chain;
    for (int i = 0; i < 30; ++i) chain["n" + std::to_string(i)] = "n" + std::to_string(i + 1);
    chain["n30"] = "alice";
    house at(expansion::alias, chain);
    CHECK(at.status("n0@example.org") == "524 5.4.6");
    CHECK(at.status("n20@example.org") == "524 5.4.6");
    CHECK(at.status("n21@example.org") == "accepted");
}

TEST_CASE("an expansion of a million names is refused without being carried out", "[rules][expansion]") {
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "u" + std::to_string(i) + ",";
    house at(expansion::alias, {{"big", many + "alice"}, {"most", "alice, " + many.substr(0, many.find("u999,"))}});
    CHECK(at.status("big@example.org") == "524 5.2.4");
    CHECK(at.status("most@example.org") == "accepted");

    std::map<std::string, std::string> tree;
    for (int i = 0; i < 100; ++i) {
        std::string children;
        for (int j = 0; j < 100; ++j) children += "n" + std::to_string(i * 100 + j + 1) + ",";
        tree["n" + std::to_string(i)] = children;
    }
    house in(expansion::alias, tree);
    CHECK(in.status("n0@example.org") == "524 5.2.4");
    CHECK(in.rows.asked.size() < 2500);
}

TEST_CASE("a branch that fails for good leaves the others alone", "[rules][expansion]") {
    house at(expansion::alias, {{"list", "nobody, alice, x@refused.org, error:550 gone"},
                                {"none", "nobody, x@refused.org"},
                                {"gone", "error:550 5.1.6 moved to example.com"}});
    CHECK(at.ways("list@example.org") == lines{"local list@example.org alice"});
    CHECK(at.status("none@example.org") == "550 5.1.1");  // the first that failed
    CHECK(at.ways("gone@example.org") == lines{"550 5.1.6 moved to example.com"});
}

TEST_CASE("a branch that cannot be followed now defers the recipient as a whole", "[rules][expansion]") {
    house at(expansion::alias, {{"later", "alice, error:450 4.2.0 come back"},
                                {"command", "alice, |/usr/bin/vacation"},
                                {"file", "/var/mail/archive"},
                                {"include", ":include:/etc/list"},
                                {"typo", "alice bob"}});
    CHECK(at.ways("later@example.org") == lines{"450 4.2.0 come back"});
    for (const char* name : {"command", "file", "include", "typo"}) {
        CAPTURE(name);
        CHECK(at.status(std::string(name) + "@example.org") == "451 4.3.5");
    }
}

TEST_CASE("a virtual address is looked for by address, name, domain and in the end as anybody", "[rules][expansion]") {
    house at(expansion::virtual_users, {{"info@example.org", "alice"},
                                        {"sales", "bob, carol@elsewhere.net"},
                                        {"alice", "nobody"},
                                        {"loop@example.org", "loop2@example.org"},
                                        {"loop2@example.org", "loop@example.org"},
                                        {"self@example.org", "self@example.org"},
                                        {"bob@example.org", "bob@example.org"}});
    CHECK(at.ways("Info+x@example.org") == lines{"local Info+x@example.org alice"});
    CHECK(at.ways("sales@example.org") == lines{"local sales@example.org bob", "out carol@elsewhere.net"});
    CHECK(at.status("unknown@example.org") == "550 5.1.1");
    CHECK(at.status("loop@example.org") == "524 5.4.6");
    CHECK(at.ways("bob@example.org") == lines{"local bob@example.org bob"});
    CHECK(at.status("self@example.org") == "550 5.1.1");  // a virtual user has to be in the user base all the same

    SECTION("a catch-all takes the rest") {
        at.rows.rows["@example.org"] = "alice";
        CHECK(at.ways("unknown@example.org") == lines{"local unknown@example.org alice"});
        at.rows.rows["@"] = "bob";
        CHECK(at.ways("unknown@example.org") == lines{"local unknown@example.org alice"});
        at.rows.rows.erase("@example.org");
        CHECK(at.ways("unknown@example.org") == lines{"local unknown@example.org bob"});
    }
}

TEST_CASE("a virtual user is not looked up again as an alias", "[rules][expansion]") {
    house at(expansion::virtual_users, {{"info@example.org", "alice"}, {"alice", "bob"}});
    CHECK(at.ways("info@example.org") == lines{"local info@example.org alice"});
}

TEST_CASE("a relay can have aliases too, and keeps what is none", "[rules][expansion]") {
    house at(expansion::alias, {{"staff", "dave, erin@example.net"}});
    CHECK(at.ways("staff@forward.org") == lines{"forward dave@forward.org", "out erin@example.net"});
    CHECK(at.ways("zoe@forward.org") == lines{"forward zoe@forward.org"});

    house in(expansion::virtual_users, {{"dave@forward.org", "dave@forward.org, erin@example.net"}});
    CHECK(in.ways("dave@forward.org") == lines{"forward dave@forward.org", "out erin@example.net"});
    CHECK(in.status("zoe@forward.org") == "550 5.1.1");
}

TEST_CASE("an address out of an expansion counts as made here", "[rules][expansion]") {
    house at(expansion::alias, {{"away", "me@elsewhere.net"}});
    CHECK(at.status("me@elsewhere.net") == "550 5.7.1");
    CHECK(at.ways("away@example.org") == lines{"out me@elsewhere.net"});
}

TEST_CASE("an empty expansion is refused as one", "[rules][expansion]") {
    house at(expansion::alias, {{"empty", ",, ,"}});
    CHECK(at.status("empty@example.org") == "524 5.2.4");
}
