#include "waypost/rules/expansion.hpp"

#include <catch2/catch.hpp>

#include "house.hpp"

using namespace waypost;
using house = test::rules_house;

namespace {

using lines = std::vector<std::string>;
using expansion = rules::action::expansion;

}  // namespace

TEST_CASE("without an expansion the local-part is the user", "[rules][expansion]") {
    house at(expansion::none);
    CHECK(at.ways("alice@example.org") == lines{"local alice@example.org alice"});
    CHECK(at.ways("ALICE@example.org") == lines{"local ALICE@example.org alice"});
    CHECK(at.ways("alice+news@example.org") == lines{"local alice+news@example.org alice+news"});
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
    const int broken = GENERATE(0, 1, 2);
    (broken == 0 ? at.rows : broken == 1 ? at.users : at.domains["example.org"]).unavailable = true;
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
    CHECK(at.ways("alice+other@example.org") == lines{"local alice+other@example.org alice+other"});
    CHECK(at.ways("PostMaster@example.org") == lines{"local PostMaster@example.org root"});
    CHECK(at.ways("root+x@example.org") == lines{"local root+x@example.org root+x"});
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

TEST_CASE("a table that answers everything with more of it is bounded", "[rules][expansion]") {
    std::map<std::string, std::string> cycles;
    for (int i = 0; i < 500; ++i) {
        std::string row = "n" + std::to_string(i);
        for (int j = 0; j < 500; ++j)
            row += ", n" + std::to_string((i + j) % 500) + ", n" + std::to_string(j) + "@example.org";
        cycles["n" + std::to_string(i)] = row;
    }
    house at(expansion::alias, cycles);
    CHECK(at.status("n0@example.org") == "524 5.2.4");
    CHECK(at.rows.asked.size() < 1000);
}

TEST_CASE("a million nodes are not read, even if they are all the same", "[rules][expansion]") {
    std::string many;
    for (int i = 0; i < 1'000'000; ++i) many += "alice,";
    std::string lines_of_them = many;
    std::ranges::replace(lines_of_them, ',', '\n');
    house at(expansion::alias,
             {{"big", many}, {"list", ":include:/etc/list"}, {"commas", std::string(10'000'000, ',')}});
    at.files.lists["/etc/list"] = lines_of_them;
    CHECK(at.status("big@example.org") == "524 5.2.4");
    CHECK(at.status("list@example.org") == "524 5.2.4");
    CHECK(at.users.asked.empty());
    CHECK(at.status("commas@example.org") == "524 5.2.4");
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
    house at(expansion::alias,
             {{"later", "alice, error:450 4.2.0 come back"}, {"list", "alice, :include:/none"}, {"typo", "alice bob"}});
    CHECK(at.ways("later@example.org") == lines{"450 4.2.0 come back"});
    CHECK(at.status("list@example.org") == "451 4.3.0");
    CHECK(at.status("typo@example.org") == "451 4.3.5");
}

TEST_CASE("an alias can name commands and files, which are nobody's", "[rules][expansion]") {
    house at(expansion::alias, {{"news", "|/usr/bin/inews -h, \"|cmd a, b\", /var/mail/archive, alice"},
                                {"twice", "/var/mail/archive, news, news2, /var/mail/archive"},
                                {"news2", "/var/mail/archive, |/usr/bin/inews -h"}});
    CHECK(at.ways("news+x@example.org") ==
          lines{"local news+x@example.org+x |/usr/bin/inews -h", "local news+x@example.org+x |cmd a, b",
                "local news+x@example.org+x /var/mail/archive", "local news+x@example.org alice"});
    CHECK(at.ways("twice@example.org").size() == 4);
    CHECK(at.status("news@forward.org") == "451 4.3.5");  // a relay starts no commands
    CHECK(at.status("news@away.org") == "451 4.3.5");

    house in(expansion::virtual_users, {{"news@example.org", "|/usr/bin/inews -h"}});
    CHECK(in.ways("news@example.org") == lines{"local news@example.org |/usr/bin/inews -h"});
}

TEST_CASE("a list is read for the administrator, with nodes of every kind", "[rules][expansion]") {
    house at(expansion::alias, {{"staff", ":include:/etc/staff"}, {"bare", ":include:/etc/bare, bob"}});
    at.files.lists["/etc/staff"] = "# all of us\nalice, bob\n\n|cmd x\n:include:/etc/others\nstaff\n";
    at.files.lists["/etc/others"] = "carol@elsewhere.net\n:include:/etc/staff\n";
    at.files.lists["/etc/bare"] = "# nobody\n";
    CHECK(at.ways("staff@example.org") == lines{"local staff@example.org |cmd x", "local staff@example.org alice",
                                                "local staff@example.org bob", "out carol@elsewhere.net"});
    CHECK(at.files.asked.front() == std::pair<std::string, std::string>("/etc/staff", ""));
    CHECK(at.ways("bare@example.org") == lines{"local bare@example.org bob"});
    at.files.broken = {"/etc/others"};
    CHECK(at.status("staff@example.org") == "451 4.3.0");
}

TEST_CASE("a list that is read twice or includes itself ends", "[rules][expansion]") {
    house at(expansion::alias, {{"loop", ":include:/etc/loop"}});
    at.files.lists["/etc/loop"] = ":include:/etc/loop\n:include:/etc/loop\n";
    CHECK(at.status("loop@example.org") == "524 5.4.6");
    CHECK(at.files.asked.size() == 1);
}

TEST_CASE("the tag of a sub-address goes along to the mailbox", "[rules][expansion]") {
    house at(expansion::alias, {{"info", "alice+info"}, {"bob", "bob, carol@elsewhere.net"}, {"me", "alice"}});
    CHECK(at.ways("info@example.org") == lines{"local info@example.org alice+info"});
    CHECK(at.ways("bob+News@example.org") == lines{"local bob+News@example.org bob+News", "out carol@elsewhere.net"});
    CHECK(at.ways("me+x@example.org") == lines{"local me+x@example.org alice"});
    CHECK(at.ways("alice+@example.org") == lines{"local alice+@example.org alice"});
    CHECK(at.ways("alice++a+b@example.org") == lines{"local alice++a+b@example.org alice++a+b"});
}

TEST_CASE("a sub-address begins at the delimiter that the house has", "[rules][expansion]") {
    house at(expansion::alias, {{"bob", "alice"}, {"bob-x", "alice-y"}}, '-');
    CHECK(at.ways("alice-news@example.org") == lines{"local alice-news@example.org alice+news"});
    CHECK(at.ways("bob-x@example.org") == lines{"local bob-x@example.org alice+y"});
    CHECK(at.ways("bob-z@example.org") == lines{"local bob-z@example.org alice"});
    CHECK(at.status("alice+news@example.org") == "550 5.1.1");
}

TEST_CASE("what only expands takes aliases and what they name, and nobody's mailbox", "[rules][expansion]") {
    house at(expansion::alias, {{"team", "carol@elsewhere.net, |cmd, /var/mail/archive"},
                                {"users", "alice"},
                                {"mixed", "alice, carol@elsewhere.net"}});
    CHECK(at.ways("team@lists.org") ==
          lines{"lists team@lists.org |cmd", "lists team@lists.org /var/mail/archive", "out carol@elsewhere.net"});
    CHECK(at.ways("mixed@lists.org") == lines{"out carol@elsewhere.net"});
    for (const char* name : {"alice", "nobody", "users", "\"../x\""}) {
        CAPTURE(name);
        CHECK(at.status(name + std::string("@lists.org")) == "524 5.2.4");
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

TEST_CASE("a bounce to an address that forwarding made goes to the first sender, as mail made here",
          "[rules][expansion]") {
    const auto srs = std::make_shared<const mail::srs>(mail::srs_settings{.key = base::secret("s"), .backup = {}});
    house at(expansion::none, {}, '+', srs);
    const auto sender = mail::reverse_path::from_text("ada@elsewhere.net").value();
    const auto sent = srs->forwarded(sender, mail::domain::parse("example.org").value(), {}).text();
    CHECK(at.ways(sent) == lines{"out ada@elsewhere.net"});
    CHECK(at.status("SRS0=aaaaaa=bb=elsewhere.net=ada@example.org") == "550 5.1.1");
    CHECK(house(expansion::none).status(sent) == "550 5.1.1");
}

TEST_CASE("users of a mailbox store are users of here, but commands and files have no place there",
          "[rules][expansion]") {
    house at(expansion::alias, {{"list", "alice, bob"}, {"filed", "/var/mail/archive"}, {"run", "|cat"}});
    CHECK(at.ways("list@store.org") == lines{"store list@store.org alice", "store list@store.org bob"});
    CHECK(at.status("carol@store.org") == "550 5.1.1");
    CHECK(at.status("filed@store.org") == "451 4.3.5");
    CHECK(at.status("run@store.org") == "451 4.3.5");
}
