#include "waypost/relay/entries.hpp"

#include <catch2/catch.hpp>

#include "support/fake_table.hpp"
#include "support/run_to_end.hpp"
#include "waypost/table/static_table.hpp"

using namespace waypost;
using test::run_to_end;

namespace {

using strings = std::vector<std::string>;

table::static_table list_of(const strings& all) {
    table::entries rows;
    for (const std::string& each : all) rows.rows.emplace_back(each, "");
    return {"list", rows};
}

strings in_order(table::table& table) {
    return run_to_end(relay::entries_in_order(table, table::service::source)).value();
}
strings in_turn(table::table& table) {
    return run_to_end(relay::entries_in_turn(table, table::service::source)).value();
}

}  // namespace

TEST_CASE("in order, the entries are the same at each asking, and nobody loses his turn", "[relay][entries]") {
    auto rows = list_of({"c", "a", "b"});
    for (int i = 0; i < 2; ++i) CHECK(in_order(rows) == strings{"c", "a", "b"});
    CHECK(in_turn(rows) == strings{"c", "a", "b"});
}

TEST_CASE("in turn, each asking begins with the next entry", "[relay][entries]") {
    auto rows = list_of({"c", "a", "b"});
    CHECK(in_turn(rows) == strings{"c", "a", "b"});
    CHECK(in_turn(rows) == strings{"a", "b", "c"});
    CHECK(in_turn(rows) == strings{"b", "c", "a"});
    CHECK(in_turn(rows) == strings{"c", "a", "b"});
}

TEST_CASE("an entry that is there twice is one, and hides none behind it", "[relay][entries]") {
    auto rows = list_of({"a", "a", "b", "a", "c"});
    CHECK(in_order(rows) == strings{"a", "b", "c"});
    CHECK(in_turn(rows) == strings{"a", "b", "c"});
}

TEST_CASE("an empty table has no entries, and one that cannot be asked says so", "[relay][entries]") {
    auto none = list_of({});
    CHECK(in_order(none).empty());
    CHECK(in_turn(none).empty());
    test::fake_table broken;
    broken.unavailable = true;
    CHECK(run_to_end(relay::entries_in_order(broken, table::service::source)).has_error());
    CHECK(run_to_end(relay::entries_in_turn(broken, table::service::source)).has_error());
}
