#include "waypost/queue/retry.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "waypost/queue/outcome.hpp"

using namespace waypost;
using namespace waypost::queue;
using namespace std::chrono_literals;

namespace {

const async::wall_time created(1'800'000'000s);

async::wall_time after(unsigned tries, async::wall_time now) { return next_try(400s, 4h, created, tries, now); }

}  // namespace

TEST_CASE("the n-th next try is at creation + 400 s * n * n", "[queue][retry]") {
    CHECK(after(1, created + 1s) == created + 400s);
    CHECK(after(2, created + 401s) == created + 1600s);
    CHECK(after(3, created + 1601s) == created + 3600s);
    CHECK(after(4, created + 3601s) == created + 6400s);
}

TEST_CASE("moments of the schedule that are past are skipped", "[queue][retry]") {
    CHECK(after(1, created + 1600s) == created + 3600s);
    CHECK(after(2, created + 3h) == created + 14400s);
}

TEST_CASE("a moment that was used is not used again", "[queue][retry]") {
    // The try was so short that its own moment is not past.
    CHECK(after(3, created + 400s) == created + 3600s);
}

TEST_CASE("no pause is longer than the longest", "[queue][retry]") {
    const auto now = created + 400s * 20 * 20 + 1s;
    CHECK(after(21, now) == now + 4h);
    CHECK(after(4'000'000'000, created) == created + 4h);
}

TEST_CASE("the next try is after now, however the clock is set", "[queue][retry]") {
    for (const auto now : {created - 24h, created - 1s, created, created + 399s, created + 400s, created + 24h * 400}) {
        for (const unsigned tries : {0U, 1U, 7U, 1'000'000U}) {
            const auto next = after(tries, now);
            CHECK(next > now);
            CHECK(next <= now + 4h);
        }
    }
    CHECK(next_try(0s, 0s, created, 1, created) > created);
}

TEST_CASE("what was deferred together comes back spread over a tenth of the pause", "[queue][retry]") {
    std::map<async::wall_time, int> herd;
    for (std::uint64_t seed = 0; seed < 10'000; ++seed) ++herd[spread(created + 400s, created, 10, seed)];
    CHECK(herd.begin()->first > created + 360s);
    CHECK(herd.rbegin()->first == created + 400s);
    CHECK(herd.size() == 40);
    for (const auto& [moment, count] : herd) CHECK(count < 350);
}

TEST_CASE("the spread is after now, never later than the schedule, and always the same", "[queue][retry]") {
    for (const auto pause : {1s, 2s, 10s, 400s, 14'400s}) {
        for (const unsigned percent : {0U, 1U, 10U, 50U, 100U, 1000U}) {
            for (std::uint64_t seed = 0; seed < 50; ++seed) {
                const auto moment = spread(created + pause, created, percent, seed);
                CHECK(moment >= created + 1s);
                CHECK(moment <= created + pause);
                CHECK(moment == spread(created + pause, created, percent, seed));
                if (percent == 0) CHECK(moment == created + pause);
            }
        }
    }
    CHECK(spread(created, created, 100, 7) == created);
}

TEST_CASE("a warning is owed when the next try lies after creation and the interval", "[queue][retry]") {
    const std::vector<std::chrono::seconds> intervals{4h, 24h};
    CHECK_FALSE(warning_owed(intervals, 0, created, created + 4h));
    CHECK(warning_owed(intervals, 0, created, created + 4h + 1s));
    CHECK_FALSE(warning_owed(intervals, 1, created, created + 5h));
    CHECK(warning_owed(intervals, 1, created, created + 25h));
    CHECK_FALSE(warning_owed(intervals, 2, created, created + 240h));
    CHECK_FALSE(warning_owed({}, 0, created, created + 240h));
}

TEST_CASE("the class of a status is its outcome", "[queue][outcome]") {
    CHECK(std::holds_alternative<delivered>(outcome_of(mail::status::success("2.0.0", "ok"), "mx.example.com")));
    CHECK(std::holds_alternative<deferred>(outcome_of(mail::status::transient("4.2.0", "later"), "")));
    CHECK(std::get<deferred>(outcome_of(mail::status::transient("4.4.1", "refused"), "")).for_host);
    CHECK_FALSE(std::get<deferred>(outcome_of(mail::status::transient("4.2.0", "later"), "mx.example.com")).for_host);
    CHECK(std::holds_alternative<failed>(outcome_of(mail::status::permanent("5.1.1", "no"), "")));
}
