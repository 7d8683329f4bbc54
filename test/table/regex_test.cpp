#include <catch2/catch.hpp>

#include "support/run_to_end.hpp"
#include "waypost/table/services.hpp"
#include "waypost/table/static_table.hpp"

using namespace waypost::table;

TEST_CASE("an expression is a POSIX extended one and matches anywhere in the text", "[table][regex]") {
    CHECK(regex::covers("spam", "no spam here"));
    CHECK(regex::covers("^(a|b)+@example\\.org$", "abba@example.org"));
    CHECK_FALSE(regex::covers("^(a|b)+@example\\.org$", "abba@exampleXorg"));
    CHECK(regex::covers("^$", ""));
}

TEST_CASE("an expression sees the text as it is and in lower case", "[table][regex]") {
    CHECK(regex::covers("^alice@", "Alice@example.org"));
    CHECK(regex::covers("^SRS0=", "SRS0=abc@example.org"));
    CHECK_FALSE(regex::covers("^ALICE@", "alice@example.org"));
    CHECK(regex::covers("(?i)^ALICE@", "aLiCe@example.org"));
}

TEST_CASE("text with a NUL in it matches no expression", "[table][regex]") {
    CHECK_FALSE(regex::covers(".*", std::string_view("a\0b", 3)));
    CHECK_FALSE(regex::covers("^a", std::string_view("a\0b", 3)));
}

TEST_CASE("a bad expression says what is wrong with it and matches nothing", "[table][regex]") {
    CHECK(is_valid_regex("^a+$"));
    CHECK(is_valid_regex("(?i)^a+$"));
    CHECK_FALSE(is_valid_regex("(a"));
    CHECK_FALSE(is_valid_regex("[a"));
    CHECK_FALSE(is_valid_regex("(?i)("));
    CHECK_FALSE(is_valid_regex(std::string_view("a\0b", 3)));
    REQUIRE(fault_of_regex("(a").has_value());
    CHECK_FALSE(fault_of_regex("(a")->empty());
    CHECK_FALSE(regex::covers("(a", "(a"));
}

TEST_CASE("every row of a table of expressions is tried, in order", "[table][regex]") {
    static_table rows("rows", {.is_map = true, .rows = {{"^a", "first"}, {"b$", "second"}, {"^ab$", "third"}}});
    CHECK(waypost::test::run_to_end(find<regex>(rows, "ab")).value() == "first");
    CHECK(waypost::test::run_to_end(find<regex>(rows, "xb")).value() == "second");
    CHECK_FALSE(waypost::test::run_to_end(find<regex>(rows, "x")).value().has_value());
}

TEST_CASE("more expressions than are kept compiled still match", "[table][regex]") {
    for (int i = 0; i < 3000; ++i) REQUIRE(regex::covers("^u" + std::to_string(i) + "$", "u" + std::to_string(i)));
}
