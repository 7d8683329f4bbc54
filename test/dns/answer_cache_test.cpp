#include "answer_cache.hpp"

#include <catch2/catch.hpp>

using namespace waypost;
using namespace waypost::dns;
using namespace std::chrono_literals;

namespace {

const async::time_point start{1000h};

answer_ptr some(std::size_t size = 100) {
    return std::make_shared<const answer>(answer{.status = 0, .message = std::vector<unsigned char>(size)});
}

reply yes(std::chrono::seconds ttl) { return {.refused = {}, .records = {{0, 1}}, .ttl = ttl}; }
reply without_records(std::chrono::seconds ttl) { return {.refused = {}, .records = {}, .ttl = ttl}; }
reply refused(errc error, std::chrono::seconds ttl) { return {.refused = error, .records = {}, .ttl = ttl}; }

/// For how long it is there, in whole seconds.
std::chrono::seconds stay(const reply& reply) {
    answer_cache cache(1U << 20U);
    cache.keep("q", some(), reply, start);
    std::chrono::seconds last = 0s;
    while (cache.find("q", start + last)) last += 1s;
    return last;
}

}  // namespace

TEST_CASE("an answer stays for its time, an hour at most", "[dns][answer_cache]") {
    CHECK(stay(yes(1s)) == 1s);
    CHECK(stay(yes(300s)) == 300s);
    CHECK(stay(yes(24h)) == 1h);
}

TEST_CASE("an absence stays for its time, five minutes at most", "[dns][answer_cache]") {
    CHECK(stay(without_records(60s)) == 60s);
    CHECK(stay(without_records(3h)) == 5min);
    CHECK(stay(refused(errc::not_found, 60s)) == 60s);
    CHECK(stay(refused(errc::not_found, 3h)) == 5min);
}

TEST_CASE("a failure, and what has no time, is not kept", "[dns][answer_cache]") {
    CHECK(stay(yes(0s)) == 0s);
    CHECK(stay(refused(errc::not_found, 0s)) == 0s);
    CHECK(stay(refused(errc::unavailable, 300s)) == 0s);
    CHECK(stay(refused(errc::malformed, 300s)) == 0s);
}

TEST_CASE("what has been used least recently makes room", "[dns][answer_cache]") {
    answer_cache cache(4500);
    for (const char* each : {"a", "b", "c", "d"}) cache.keep(each, some(800), yes(60s), start);
    CHECK(cache.find("a", start));
    cache.keep("e", some(800), yes(60s), start);
    CHECK(cache.bytes() <= 4500);
    CHECK(cache.find("a", start));
    CHECK_FALSE(cache.find("b", start));
    CHECK(cache.find("e", start));
}

TEST_CASE("an answer that is larger than the cache is not kept", "[dns][answer_cache]") {
    answer_cache cache(1000);
    cache.keep("q", some(2000), yes(60s), start);
    CHECK_FALSE(cache.find("q", start));
    CHECK(cache.bytes() == 0);
}

TEST_CASE("a newer answer takes the place of the older one", "[dns][answer_cache]") {
    answer_cache cache(1U << 20U);
    const answer_ptr older = some();
    const answer_ptr newer = some();
    cache.keep("q", older, yes(60s), start);
    const std::size_t size = cache.bytes();
    cache.keep("q", newer, yes(60s), start);
    CHECK(cache.find("q", start) == newer);
    CHECK(cache.bytes() == size);
    cache.keep("q", some(), refused(errc::unavailable, 0s), start);
    CHECK_FALSE(cache.find("q", start));
    cache.keep("q", newer, yes(60s), start);
    cache.clear();
    CHECK_FALSE(cache.find("q", start));
    CHECK(cache.bytes() == 0);
}
