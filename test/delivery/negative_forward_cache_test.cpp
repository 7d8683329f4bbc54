#include "negative_forward_cache.hpp"

#include <catch2/catch.hpp>

using namespace waypost;
using namespace std::chrono_literals;

namespace {

table::userinfo::value user(unsigned uid, std::string home) {
    return {.name = "any", .uid = uid, .gid = 100, .home = std::move(home)};
}

const async::time_point noon{12h};

}  // namespace

TEST_CASE("who had no .forward is believed to have none for a second", "[delivery][negative_forward_cache]") {
    delivery::negative_forward_cache known;
    const auto ada = user(1, "/home/ada");
    CHECK_FALSE(known.has(ada, noon));
    known.add(ada, noon);
    CHECK(known.has(ada, noon + 999ms));
    CHECK_FALSE(known.has(ada, noon + 1s));
    known.add(ada, noon + 2s);
    CHECK(known.has(ada, noon + 2s));
}

TEST_CASE("users are told apart by home and by id, whatever they are called", "[delivery][negative_forward_cache]") {
    delivery::negative_forward_cache known;
    known.add(user(1, "/home/ada"), noon);
    CHECK_FALSE(known.has(user(2, "/home/ada"), noon));
    CHECK_FALSE(known.has(user(1, "/home/eve"), noon));
}

TEST_CASE("a million users take no more memory than some thousands", "[delivery][negative_forward_cache]") {
    delivery::negative_forward_cache known;
    for (unsigned uid = 0; uid < 2 * delivery::negative_forward_cache::most; ++uid) known.add(user(uid, "/"), noon);
    CHECK(known.has(user(delivery::negative_forward_cache::most - 1, "/"), noon));
    CHECK_FALSE(known.has(user(delivery::negative_forward_cache::most, "/"), noon));
    known.add(user(5'000, "/"), noon + 1s);
    CHECK(known.has(user(5'000, "/"), noon + 1s));
}
