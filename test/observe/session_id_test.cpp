#include "waypost/observe/session_id.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

using waypost::observe::new_session_id;

TEST_CASE("session ids are hexadecimal, of one length, and never the same twice", "[observe][session_id]") {
    std::set<std::string> seen;
    for (int i = 0; i < 10000; ++i) {
        const std::string id = new_session_id();
        REQUIRE(id.size() == 16);
        REQUIRE(std::ranges::all_of(id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }));
        REQUIRE(seen.insert(id).second);
    }
}
