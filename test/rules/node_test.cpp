#include "node.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace waypost::rules;
using namespace std::string_literals;

namespace {

using words = std::vector<std::string>;
using kind = node_texts::kind;

words texts(std::string_view of, kind kind = kind::row) {
    node_texts all(of, kind);
    words found;
    while (const auto text = all.next()) found.emplace_back(*text);
    return found;
}

template <class Node>
Node parsed(std::string_view text) {
    node given = parse_node(text);
    REQUIRE(std::holds_alternative<Node>(given));
    return std::get<Node>(std::move(given));
}

}  // namespace

TEST_CASE("nodes stand between commas, outside quotes", "[rules][node]") {
    CHECK(texts("alice") == words{"alice"});
    CHECK(texts(" alice ,bob@example.org,\tcarol ") == words{"alice", "bob@example.org", "carol"});
    CHECK(texts("a,,b,") == words{"a", "b"});
    CHECK(texts(R"("|cmd a, b", "x\",y"@example.org)") == words{R"("|cmd a, b")", R"("x\",y"@example.org)"});
    CHECK(texts("a\\,b") == words{"a\\,b"});
    CHECK(texts("").empty());
    CHECK(texts(" , ,").empty());
    CHECK(texts("\"never closed, b") == words{"\"never closed, b"});
    CHECK(texts("a\\") == words{"a\\"});
}

TEST_CASE("in a file each line ends a node, and a line that begins with # says nothing", "[rules][node]") {
    CHECK(texts("alice\nbob, carol\r\n\n  # dave\n#\n\t\nerin#x, #frank\n# end", kind::file) ==
          words{"alice", "bob", "carol", "erin#x", "#frank"});
    CHECK(texts("\"never closed\nbob", kind::file) == words{"\"never closed", "bob"});
    CHECK(texts("alice\\\nbob", kind::file) == words{"alice\\", "bob"});
    CHECK(texts("#", kind::file).empty());
    CHECK(texts("# one\n", kind::file).empty());
    CHECK(texts("# no comment in a row") == words{"# no comment in a row"});
}

TEST_CASE("a node is a user or an address", "[rules][node]") {
    CHECK(parsed<user_node>("Alice").name == "Alice");
    CHECK(parsed<user_node>("alice+tag").name == "alice+tag");
    CHECK(parsed<user_node>("\"alice\"").name == "alice");
    CHECK(parsed<address_node>("Bob@Example.org").address.text() == "Bob@example.org");
    CHECK(parsed<address_node>("\"a, b\"@example.org").address.local.value() == "a, b");
}

TEST_CASE("a backslash makes the next character an ordinary one, and nothing more", "[rules][node]") {
    CHECK(parsed<user_node>("\\alice").name == "alice");
    CHECK(parsed<user_node>("a\\,b").name == "a,b");
    CHECK(parsed<user_node>("alice\\").name == "alice\\");
    CHECK(parsed<address_node>("bob\\@example.org").address.text() == "bob@example.org");
    CHECK(parsed<address_node>(R"("a\"b"@example.org)").address.local.value() == "a\"b");
    CHECK(parsed<target_node>("/var/my\\ mail").target == "/var/my mail");
}

TEST_CASE("an error node is a status", "[rules][node]") {
    const auto gone = parsed<error_node>("error:550 5.1.6 moved away").status;
    CHECK(gone.line() == "550 5.1.6 moved away");
    CHECK(parsed<error_node>("ERROR: 450 later").status.code() == 450);
    CHECK(parsed<error_node>("\"error:550 sorry, no\"").status.text() == "sorry, no");
    CHECK(parsed<error_node>("error:550 2.0.0 fine").status.is_permanent());
    CHECK(parsed<error_node>("error:550 2.0.0 fine").status.enhanced().klass == 5);

    for (const char* bad : {"error:", "error:550", "error:250 ok", "error:55 x", "error:5500 x", "error:abc"}) {
        CAPTURE(bad);
        parsed<unreadable_node>(bad);
    }
}

TEST_CASE("a command keeps its own words, quotes and backslashes", "[rules][node]") {
    CHECK(parsed<target_node>("|/usr/bin/procmail").target == "|/usr/bin/procmail");
    CHECK(parsed<target_node>("| /usr/bin/procmail\t-f x").target == "|/usr/bin/procmail\t-f x");
    CHECK(parsed<target_node>("\"|/usr/bin/vacation -a x, y\"").target == "|/usr/bin/vacation -a x, y");
    CHECK(parsed<target_node>(R"("|cmd \"a b\" c")").target == R"(|cmd "a b" c)");
    CHECK(parsed<target_node>(R"(|cmd "a, b" c\,d)").target == R"(|cmd "a, b" c\,d)");
    CHECK(parsed<target_node>("|cmd alice@example.org").target == "|cmd alice@example.org");
    for (const std::string& bad : {"|"s, "| "s, "\"|\""s, "|a\nb"s, "|a\0b"s}) parsed<unreadable_node>(bad);
}

TEST_CASE("a file and a list have absolute paths", "[rules][node]") {
    CHECK(parsed<target_node>("/var/mail/archive").target == "/var/mail/archive");
    CHECK(parsed<target_node>("/srv/alice@example.org").target == "/srv/alice@example.org");
    CHECK(parsed<list_node>(":include:/etc/list").path == "/etc/list");
    CHECK(parsed<list_node>("\":INCLUDE: /etc/list, two\"").path == "/etc/list, two");
    for (const std::string& bad : {"/"s, "/a\nb"s, "/a\0b"s, ":include:"s, ":include:list"s, ":include:/"s}) {
        CAPTURE(bad);
        parsed<unreadable_node>(bad);
    }
}

TEST_CASE("what could leave a folder, look like an option or break a line is no user", "[rules][node]") {
    for (const char* bad :
         {"..", ".hidden", "-rf", "a/b", "../etc", "two words", "a\nb", "\"\"", "\"", "@", "a@", "a@b@c d"}) {
        CAPTURE(bad);
        parsed<unreadable_node>(bad);
    }
    CHECK_FALSE(is_user_name(""));
    CHECK_FALSE(is_user_name(std::string(256, 'a')));
    CHECK_FALSE(is_user_name(std::string_view("a\0b", 3)));
    CHECK(is_user_name("first.last"));
}

TEST_CASE("a node of megabytes is none", "[rules][node]") {
    parsed<unreadable_node>("|" + std::string(1 << 20, 'a'));
    parsed<unreadable_node>("/" + std::string(1 << 20, 'a'));
}

TEST_CASE("any octets split and parse, and what comes out is one line", "[rules][node]") {
    std::mt19937 random(3);
    constexpr std::string_view alphabet("ab,\"\\@|/:. +e4\n\0#\r\t", 20);
    for (int round = 0; round < 20000; ++round) {
        std::string row(random() % 24, '\0');
        for (char& c : row) c = alphabet[random() % alphabet.size()];
        for (const kind what : {kind::row, kind::file}) {
            for (const std::string& text : texts(row, what)) {
                REQUIRE_FALSE(text.empty());
                const node given = parse_node(text);
                if (const auto* to = std::get_if<target_node>(&given)) {
                    REQUIRE(to->target.size() > 1);
                    REQUIRE(to->target.find_first_of("\n\r\0"s) == std::string::npos);
                } else if (const auto* list = std::get_if<list_node>(&given)) {
                    REQUIRE(list->path.front() == '/');
                    REQUIRE(list->path.find_first_of("\n\r\0"s) == std::string::npos);
                }
            }
        }
    }
}
