#include "waypost/async/backoff.hpp"

#include <catch2/catch.hpp>

using waypost::async::backoff;
using waypost::async::time_point;
using namespace std::chrono_literals;

namespace {

constexpr backoff::limits limits{.first = 1s, .longest = 5s};
const time_point now(1000h);

}  // namespace

TEST_CASE("a back-off doubles from the first pause to the longest", "[async][backoff]") {
    backoff pauses;
    CHECK(pauses.until() == time_point());
    for (const auto expected : {1s, 2s, 4s, 5s, 5s}) {
        pauses.begin(now, limits);
        CHECK(pauses.pause() == expected);
        CHECK(pauses.until() == now + expected);
    }
}

TEST_CASE("after a reset the next pause is the first, and the one that has begun goes on", "[async][backoff]") {
    backoff pauses;
    pauses.begin(now, limits);
    pauses.begin(now, limits);
    pauses.reset();
    CHECK(pauses.until() == now + 2s);
    pauses.begin(now + 2s, limits);
    CHECK(pauses.until() == now + 3s);
}

TEST_CASE("a pause that is lifted is over, and the next one is longer all the same", "[async][backoff]") {
    backoff pauses;
    pauses.begin(now, limits);
    pauses.lift();
    CHECK(pauses.until() == time_point());
    pauses.begin(now, limits);
    CHECK(pauses.until() == now + 2s);
}
