#include "waypost/base/strong.hpp"

#include <catch2/catch.hpp>
#include <concepts>
#include <cstdint>
#include <unordered_set>

namespace {

using apples = waypost::base::strong<std::uint64_t, struct apples_tag>;
using pears = waypost::base::strong<std::uint64_t, struct pears_tag>;

}  // namespace

TEST_CASE("two strong types of the same number do not mix", "[base][strong]") {
    STATIC_REQUIRE_FALSE(std::convertible_to<apples, pears>);
    STATIC_REQUIRE_FALSE(std::constructible_from<apples, pears>);
    STATIC_REQUIRE_FALSE(std::convertible_to<std::uint64_t, apples>);
    STATIC_REQUIRE_FALSE(std::convertible_to<apples, std::uint64_t>);
}

TEST_CASE("strong types are ordered and hashed as their numbers are", "[base][strong]") {
    CHECK(apples(1) < apples(2));
    CHECK(apples(2) == apples(2));
    CHECK(apples().value() == 0);
    const std::unordered_set<apples> basket{apples(1), apples(2), apples(1)};
    CHECK(basket.size() == 2);
}
