#include "waypost/async/permits.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <optional>

using waypost::async::permits;

TEST_CASE("units come back when their token ends", "[async][permits]") {
    permits budget(3);
    CHECK(budget.limit() == 3);
    {
        const auto two = budget.try_take(2);
        CHECK(two);
        CHECK(budget.used() == 2);
    }
    CHECK(budget.used() == 0);
}

TEST_CASE("what is over the limit is not given, not even in part", "[async][permits]") {
    permits budget(3);
    const auto two = budget.try_take(2);
    CHECK_FALSE(budget.try_take(2));
    CHECK(budget.used() == 2);
    const auto one = budget.try_take();
    CHECK(one);
    CHECK_FALSE(budget.try_take());
    CHECK_FALSE(budget.try_take(SIZE_MAX));
    CHECK(budget.used() == 3);
}

TEST_CASE("a budget of nothing gives nothing", "[async][permits]") {
    permits none(0);
    CHECK_FALSE(none.try_take());
}

TEST_CASE("a token that is moved pays once", "[async][permits]") {
    permits budget(5);
    std::optional<permits::token> kept;
    {
        auto first = budget.try_take(2);
        permits::token second(std::move(first));
        CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move): that is what is tested
        CHECK(second);
        CHECK(budget.used() == 2);
        kept = std::move(second);
    }
    CHECK(budget.used() == 2);
    kept.reset();
    CHECK(budget.used() == 0);
}

TEST_CASE("a token that takes another's place gives its own units back", "[async][permits]") {
    permits budget(5);
    auto mine = budget.try_take(2);
    mine = budget.try_take(3);
    CHECK(budget.used() == 3);
    mine = {};
    CHECK(budget.used() == 0);
}

TEST_CASE("tokens of two budgets do not mix", "[async][permits]") {
    permits here(2);
    permits there(2);
    auto token = here.try_take(2);
    token = there.try_take(1);
    CHECK(here.used() == 0);
    CHECK(there.used() == 1);
}
