// Expansion by ~/.forward.
#include <catch2/catch.hpp>

#include "house.hpp"

using namespace waypost;
using house = test::rules_house;
using expansion = rules::action::expansion;
using lines = std::vector<std::string>;

TEST_CASE("mail of a user goes where his .forward says", "[rules][forward]") {
    house at(expansion::alias, {{"robert", "bob"}});
    at.files.forwards["/home/alice"] = "# away\n\nme@elsewhere.net, robert\n\\bob\n";
    CHECK(at.ways("alice@example.org") == lines{"out me@elsewhere.net", "local alice@example.org bob"});
    CHECK(at.ways("bob@example.org") == lines{"local bob@example.org bob"});
}

TEST_CASE("a .forward that says nothing is none", "[rules][forward]") {
    house at(expansion::none);
    at.files.forwards["/home/alice"] = GENERATE("", "\n\n", "# nothing\n", " , \n");
    CHECK(at.ways("alice@example.org") == lines{"local alice@example.org alice"});
}

TEST_CASE("where the action reads no .forward there is none", "[rules][forward]") {
    house at(expansion::none);
    at.local->reads_forward = false;
    at.files.forwards["/home/alice"] = "bob";
    CHECK(at.ways("alice@example.org") == lines{"local alice@example.org alice"});
    CHECK(at.files.asked.empty());
}

TEST_CASE("who names himself gets it into his mailbox, without another look", "[rules][forward]") {
    house at(expansion::alias, {{"info", "alice"}, {"friends", "alice, bob"}});
    at.files.forwards["/home/alice"] =
        GENERATE("alice, me@elsewhere.net", "\\alice, me@elsewhere.net", "alice@example.org, me@elsewhere.net",
                 "ALICE@Example.ORG, me@elsewhere.net", "info, me@elsewhere.net", "info@example.org\nme@elsewhere.net",
                 ":include:/home/alice/list");
    at.files.lists["/home/alice/list"] = "me@elsewhere.net\nalice\n";
    for (const std::string to : {"alice@example.org", "info@example.org"}) {
        at.files.asked.clear();
        const auto ways = at.ways(to);
        REQUIRE(ways.size() == 2);
        CHECK((ways[0].ends_with(" alice") || ways[1].ends_with(" alice")));
        CHECK((ways[0] == "out me@elsewhere.net" || ways[1] == "out me@elsewhere.net"));
        CHECK(std::ranges::count(at.files.asked, std::pair<std::string, std::string>("/home/alice", "alice")) == 1);
    }
    at.files.forwards["/home/alice"] = "friends";
    CHECK(at.ways("alice@example.org") == lines{"local alice@example.org alice", "local alice@example.org bob"});
}

TEST_CASE("a sub-address keeps its tag when its user names himself", "[rules][forward]") {
    house at(expansion::none);
    at.files.forwards["/home/alice"] = "alice, me@elsewhere.net";
    CHECK(at.ways("alice+news@example.org") ==
          lines{"local alice+news@example.org alice+news", "out me@elsewhere.net"});
    at.files.forwards["/home/alice"] = "alice+all";
    CHECK(at.ways("alice+news@example.org") == lines{"local alice+news@example.org alice+all"});
    at.files.forwards["/home/alice"] = "|procmail";
    CHECK(at.ways("alice+news@example.org") == lines{"local alice+news@example.org alice+news |procmail"});
}

TEST_CASE("users of the same name in two domains are not the same", "[rules][forward]") {
    house at(expansion::none);
    test::fake_table others{{{"alice", "9:9:/srv/alice"}}};
    at.expand_only->kind = rules::action::method::local;
    at.expand_only->users = &others;
    at.files.forwards = {{"/home/alice", "alice@lists.org, alice"}, {"/srv/alice", "bob@example.org, alice"}};
    CHECK(at.ways("alice@example.org") ==
          lines{"local alice@example.org alice", "local bob@example.org bob", "lists alice@lists.org alice"});
}

TEST_CASE("what a .forward names is done as its owner, what an alias names is not", "[rules][forward]") {
    house at(expansion::alias, {{"archive", "/var/mail/archive, :include:/etc/list"}});
    at.files.forwards["/home/alice"] = "|vacation alice, /home/alice/copy\n:include:/home/alice/list\narchive\n";
    at.files.lists = {{"/home/alice/list", "|from-my-list"}, {"/etc/list", "|from-the-list"}};
    CHECK(at.ways("alice@example.org") ==
          lines{"local alice@example.org alice |vacation alice", "local alice@example.org alice /home/alice/copy",
                "local alice@example.org alice |from-my-list", "local alice@example.org /var/mail/archive",
                "local alice@example.org |from-the-list"});
    const std::vector<std::pair<std::string, std::string>> asked = {
        {"/home/alice", "alice"}, {"/home/alice/list", "alice"}, {"/etc/list", ""}};
    CHECK(at.files.asked == asked);
}

TEST_CASE("root's .forward starts nothing and writes nothing but his mailbox", "[rules][forward]") {
    house at(expansion::alias, {{"cron", "|/usr/bin/cron-mail"}});
    at.files.lists["/root/list"] = "|cmd";
    at.files.forwards["/root"] = GENERATE("|cmd", "alice\n/var/mail/copy", ":include:/root/list");
    CHECK(at.status("root@example.org") == "451 4.3.5");
    at.files.forwards["/root"] = "alice, root, cron";
    CHECK(at.ways("root@example.org") == lines{"local root@example.org alice", "local root@example.org root",
                                               "local root@example.org |/usr/bin/cron-mail"});
}

TEST_CASE("a .forward that is not to be trusted makes his mail wait, and that of a list with him", "[rules][forward]") {
    house at(expansion::alias, {{"all", "bob, alice"}});
    at.files.forwards["/home/alice"] = GENERATE("bob", "two words", ":include:/none", "|", "error:450 4.2.1 later");
    if (at.files.forwards["/home/alice"] == "bob") at.files.broken = {"/home/alice"};
    for (const char* to : {"alice@example.org", "all@example.org"}) CHECK(at.status(to).starts_with("45"));
    CHECK(at.status("bob@example.org") == "accepted");
}

TEST_CASE("a .forward has a hundred nodes at most", "[rules][forward]") {
    house at(expansion::none);
    std::string text;
    for (int i = 0; i < 100; ++i) text += "u" + std::to_string(i) + "@elsewhere.net\n";
    at.files.forwards["/home/alice"] = text;
    CHECK(at.ways("alice@example.org").size() == 100);
    at.files.forwards["/home/alice"] = text + "bob";
    CHECK(at.status("alice@example.org") == "451 4.2.4");
}

TEST_CASE(".forwards that lead in a circle end", "[rules][forward]") {
    house at(expansion::none);
    at.files.forwards = {{"/home/alice", GENERATE("bob", "bob@example.org")}, {"/home/bob", "alice@example.org"}};
    CHECK(at.status("alice@example.org") == "524 5.4.6");
    CHECK(at.files.asked.size() < 5);
    at.files.forwards["/home/bob"] = "alice, bob";
    CHECK(at.ways("alice@example.org").size() == 1);
}

TEST_CASE("what only forwards needs a .forward, with nothing but addresses in it", "[rules][forward]") {
    house at(expansion::alias, {{"both", "alice, bob"}});
    CHECK(at.status("alice@away.org") == "450 4.2.0");
    CHECK(at.status("nobody@away.org") == "550 5.1.1");
    at.files.forwards["/home/alice"] = "me@elsewhere.net, bob@example.org";
    CHECK(at.ways("alice@away.org") == lines{"out me@elsewhere.net", "local bob@example.org bob"});
    CHECK(at.status("both@away.org") == "450 4.2.0");
    at.files.lists["/home/alice/list"] = "me@elsewhere.net";
    at.files.forwards["/home/alice"] = ":include:/home/alice/list";
    CHECK(at.ways("alice@away.org") == lines{"out me@elsewhere.net"});
    for (const char* text : {"bob", "|cmd", "/file", "alice", "error:550 gone"}) {
        CAPTURE(text);
        at.files.forwards["/home/alice"] = text;
        CHECK(at.status("alice@away.org") == "451 4.3.5");
    }
    at.files.forwards["/home/alice"] = "alice@away.org";
    CHECK(at.status("alice@away.org") == "450 4.2.0");
}

TEST_CASE("what only expands takes a .forward for an alias", "[rules][forward]") {
    house at(expansion::none);
    CHECK(at.status("alice@lists.org") == "524 5.2.4");
    at.files.forwards["/home/alice"] = "me@elsewhere.net, |cmd, alice";
    CHECK(at.ways("alice@lists.org") == lines{"lists alice@lists.org alice |cmd", "out me@elsewhere.net"});
}
