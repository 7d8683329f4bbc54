#include "waypost/table/entries.hpp"

#include <catch2/catch.hpp>

using namespace waypost::table;

TEST_CASE("every one of many keys is found, and no other", "[table][entries]") {
    entries rows{.is_map = true, .rows = {}};
    constexpr int many = 20'000;
    for (int i = 0; i < many; ++i) rows.rows.emplace_back("Key" + std::to_string(i), std::to_string(i));
    const indexed_entries in(rows);
    CHECK(in.all().rows == rows.rows);
    bool all = true;
    for (int i = 0; i < many; ++i) {
        const auto value = in.find(service::alias, "key" + std::to_string(i));
        all = all && value == std::to_string(i) && in.row_of("key" + std::to_string(i)) == static_cast<std::size_t>(i);
    }
    CHECK(all);
    CHECK(in.find(service::alias, "key20000") == std::nullopt);
    CHECK(in.find(service::alias, "") == std::nullopt);
}

TEST_CASE("no rows hold nothing", "[table][entries]") {
    const indexed_entries none{entries{}};
    CHECK(none.find(service::alias, "a") == std::nullopt);
    CHECK(none.find_pattern(service::alias, [](std::string_view) { return true; }) == std::nullopt);
}

TEST_CASE("a rotation gives each its turn and goes on where it is told to", "[table][entries]") {
    rotation turn;
    CHECK_FALSE(turn.last());
    CHECK(turn.take(2) == 0);
    CHECK(turn.take(2) == 1);
    CHECK(turn.last() == 1);
    CHECK(turn.take(2) == 0);
    turn.go_on_after(4);
    CHECK(turn.take(9) == 5);
    CHECK(turn.take(3) == 0);  // there are fewer now
}
