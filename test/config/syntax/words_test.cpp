#include "waypost/config/syntax/words.hpp"

#include <catch2/catch.hpp>

using namespace waypost::config;

TEST_CASE("the edit distance counts letters to change, insert, remove or swap", "[config][words]") {
    CHECK(edit_distance("", "") == 0);
    CHECK(edit_distance("listen", "listen") == 0);
    CHECK(edit_distance("LISTEN", "listen") == 0);
    CHECK(edit_distance("lisen", "listen") == 1);
    CHECK(edit_distance("listten", "listen") == 1);
    CHECK(edit_distance("lixten", "listen") == 1);
    CHECK(edit_distance("lsiten", "listen") == 1);
    CHECK(edit_distance("", "tls") == 3);
    CHECK(edit_distance("relay", "match") == 5);
}

TEST_CASE("a near miss is answered with the nearest word, a far one with nothing", "[config][words]") {
    CHECK(did_you_mean("lisen", {"match", "listen", "action"}) == "did you mean \"listen\"?");
    CHECK(did_you_mean("acton", {"match", "listen", "action"}) == "did you mean \"action\"?");
    CHECK(did_you_mean("banana", {"match", "listen", "action"}).empty());
    CHECK(did_you_mean("x", {"ca"}).empty());
    CHECK(did_you_mean("listen", {}).empty());
    CHECK(did_you_mean(std::string(100'000, 'a'), {std::string(100'000, 'b')}).empty());
}
