#include "cached_table.hpp"

#include <catch2/catch.hpp>

#include "backend_house.hpp"
#include "support/fake_table.hpp"

using namespace waypost::table;
using waypost::test::fake_table;

namespace {

struct cached_house : backend_house {
    fake_table* slow = nullptr;
    cached_table rows = [this] {
        auto made = std::make_unique<fake_table>(std::map<std::string, std::string>{{"a", "b"}});
        slow = made.get();
        return cached_table(std::move(made), clock);
    }();
};

}  // namespace

TEST_CASE("an answer is remembered for a moment, a no too", "[table][cached_table]") {
    cached_house of;
    for (int i = 0; i < 3; ++i) {
        CHECK(of.said<alias>(of.rows, "a") == "b");
        CHECK(of.said<alias>(of.rows, "none") == "none");
    }
    CHECK(of.slow->asked.size() == 2);
    of.slow->rows["a"] = "c";
    of.clock.advance(cached_table::life);
    CHECK(of.said<alias>(of.rows, "a") == "c");
}

TEST_CASE("what could not be asked is asked again", "[table][cached_table]") {
    cached_house of;
    of.slow->unavailable = true;
    CHECK(of.said<alias>(of.rows, "a") == "cannot ask");
    of.slow->unavailable = false;
    CHECK(of.said<alias>(of.rows, "a") == "b");
}

TEST_CASE("services do not share what is remembered, and credentials are not", "[table][cached_table]") {
    cached_house of;
    CHECK(of.said<alias>(of.rows, "a") == "b");
    CHECK(of.said<string>(of.rows, "a") == "b");
    CHECK(of.slow->asked.size() == 2);
    for (int i = 0; i < 2; ++i) CHECK(of.find<credentials>(of.rows, "a").value());
    CHECK(of.slow->asked.size() == 4);
}

TEST_CASE("what is fetched or listed is not remembered", "[table][cached_table]") {
    cached_house of;
    CHECK(of.listed(of.rows) == "b");
    of.slow->rows = {{"a", "c"}, {"b", "d"}};
    CHECK(of.listed(of.rows) == "c d");
    CHECK(of.fetched(of.rows) == "c");
    CHECK(of.listed(of.rows) == "c d");
}

TEST_CASE("an update forgets", "[table][cached_table]") {
    cached_house of;
    CHECK(of.said<alias>(of.rows, "a") == "b");
    of.slow->rows["a"] = "c";
    CHECK(waypost::test::finish(of.loop, of.rows.reload()).has_value());
    CHECK(of.said<alias>(of.rows, "a") == "c");
}

TEST_CASE("what is remembered has a bound", "[table][cached_table]") {
    cached_house of;
    CHECK(of.said<alias>(of.rows, "first") == "none");
    for (std::size_t i = 0; i < cached_table::most; ++i) of.said<alias>(of.rows, "k" + std::to_string(i));
    const std::size_t asked = of.slow->asked.size();
    CHECK(of.said<alias>(of.rows, "k" + std::to_string(cached_table::most - 1)) == "none");
    CHECK(of.slow->asked.size() == asked);
    CHECK(of.said<alias>(of.rows, "first") == "none");
    CHECK(of.slow->asked.size() == asked + 1);
    for (int i = 0; i < 2; ++i) of.said<alias>(of.rows, std::string(8192, 'x'));
    CHECK(of.slow->asked.size() == asked + 3);
}
