#include "node.hpp"

#include <catch2/catch.hpp>

using namespace waypost::rules;

namespace {

using words = std::vector<std::string>;

template <class Node>
Node parsed(std::string_view text) {
    node given = parse_node(text);
    REQUIRE(std::holds_alternative<Node>(given));
    return std::get<Node>(std::move(given));
}

}  // namespace

TEST_CASE("nodes stand between commas, outside quotes", "[rules][node]") {
    CHECK(split_nodes("alice") == words{"alice"});
    CHECK(split_nodes(" alice ,bob@example.org,\tcarol ") == words{"alice", "bob@example.org", "carol"});
    CHECK(split_nodes("a,,b,") == words{"a", "b"});
    CHECK(split_nodes("\"|cmd a, b\", \"x\\\",y\"@example.org") == words{"\"|cmd a, b\"", "\"x\\\",y\"@example.org"});
    CHECK(split_nodes("a\\,b") == words{"a\\,b"});
    CHECK(split_nodes("").empty());
    CHECK(split_nodes(" , ,").empty());
    CHECK(split_nodes("\"never closed, b") == words{"\"never closed, b"});
    CHECK(split_nodes("a\\") == words{"a\\"});
}

TEST_CASE("a node is a user or an address", "[rules][node]") {
    CHECK(parsed<user_node>("Alice").name == "Alice");
    CHECK(parsed<user_node>("alice+tag").name == "alice+tag");
    CHECK(parsed<user_node>("\"alice\"").name == "alice");
    CHECK(parsed<address_node>("Bob@Example.org").to.text() == "Bob@example.org");
    CHECK(parsed<address_node>("\"a, b\"@example.org").to.local.value() == "a, b");
}

TEST_CASE("an error node is a status", "[rules][node]") {
    const auto gone = parsed<error_node>("error:550 5.1.6 moved away").said;
    CHECK(gone.line() == "550 5.1.6 moved away");
    CHECK(parsed<error_node>("ERROR: 450 later").said.code() == 450);
    CHECK(parsed<error_node>("\"error:550 sorry, no\"").said.text() == "sorry, no");
    CHECK(parsed<error_node>("error:550 2.0.0 fine").said.is_permanent());
    CHECK(parsed<error_node>("error:550 2.0.0 fine").said.enhanced().klass == 5);

    for (const char* bad : {"error:", "error:550", "error:250 ok", "error:55 x", "error:5500 x", "error:abc"}) {
        CAPTURE(bad);
        parsed<unreadable_node>(bad);
    }
}

TEST_CASE("commands, files and includes are known, and not supported", "[rules][node]") {
    parsed<unsupported_node>("|/usr/bin/procmail");
    parsed<unsupported_node>("\"|/usr/bin/vacation -a x, y\"");
    parsed<unsupported_node>("/var/mail/archive");
    parsed<unsupported_node>(":include:/etc/list");
    parsed<unsupported_node>(":INCLUDE:/etc/list@home");
}

TEST_CASE("what could leave a folder, look like an option or break a line is no user", "[rules][node]") {
    for (const char* bad :
         {"..", ".hidden", "-rf", "../etc", "a/b", "two words", "a\nb", "\"\"", "@", "a@", "a@b@c d"}) {
        CAPTURE(bad);
        parsed<unreadable_node>(bad);
    }
    CHECK_FALSE(is_user_name(""));
    CHECK_FALSE(is_user_name(std::string(256, 'a')));
    CHECK_FALSE(is_user_name(std::string_view("a\0b", 3)));
    CHECK(is_user_name("first.last"));
}

TEST_CASE("any bytes split and parse", "[rules][node]") {
    std::uint32_t state = 3;
    for (int round = 0; round < 5000; ++round) {
        std::string row;
        for (int i = 0; i < 24; ++i) {
            state = state * 1664525U + 1013904223U;
            row.push_back("ab,\"\\@|/:. +e4\n\0"[(state >> 24) % 16]);
        }
        for (const std::string& text : split_nodes(row)) (void)parse_node(text);
    }
}
