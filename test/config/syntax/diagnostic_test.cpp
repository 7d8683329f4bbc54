#include "waypost/config/syntax/diagnostic.hpp"

#include <catch2/catch.hpp>

using namespace waypost::config;

TEST_CASE("a fault is FILE:LINE:COL: what; instead", "[config][diagnostic]") {
    CHECK(to_string({{"a.conf", 3, 7}, "what", "instead", false}) == "a.conf:3:7: what; instead");
    CHECK(to_string({{"a.conf", 3, 7}, "what", "", false}) == "a.conf:3:7: what");
    CHECK(to_string({{"a.conf", 3, 7}, "what", "instead", true}) == "a.conf:3:7: warning: what; instead");
}

TEST_CASE("a fault of a line has no column, one of a file no line", "[config][diagnostic]") {
    CHECK(to_string({{"a.conf", 3, 0}, "what", "", false}) == "a.conf:3: what");
    CHECK(to_string({{"a.conf", 0, 0}, "what", "", false}) == "a.conf: what");
}
