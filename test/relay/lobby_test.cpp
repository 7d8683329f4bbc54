#include "lobby.hpp"

#include <catch2/catch.hpp>

#include "relay_alone.hpp"

using namespace waypost;
using relay::host;
using relay::lobby;
using visitors = std::vector<lobby::visitor>;

namespace {

host at(const std::string& ip) { return {.at = {net::parse_address(ip).value(), 25}, .socket_path = {}}; }

struct fixture {
    test::relay_surroundings world;
    lobby hall;
    lobby::visitor ours = visitor("a.example");
    lobby::visitor theirs = visitor("b.example");
    const host first = at("192.0.2.1");
    const host second = at("192.0.2.2");

    /// With mail, and no place for it.
    lobby::visitor visitor(const std::string& domain) {
        auto made = world.make(domain);
        made->waiting.emplace_back();
        made->blocked = true;
        return made;
    }
    void wait(const lobby::visitor& who, const std::vector<host>& where, bool anywhere = false) {
        hall.wait(who, where, anywhere);
    }
};

}  // namespace

TEST_CASE("who waits at a host is called when a place is free there, once, in the order of coming", "[relay][lobby]") {
    fixture f;
    f.wait(f.ours, {f.first});
    f.wait(f.theirs, {f.first, f.second});
    f.wait(f.ours, {f.first});
    CHECK(f.hall.freed(f.first) == visitors{f.ours, f.theirs});
    CHECK(f.hall.freed(f.first).empty());
    CHECK(f.hall.freed(f.second) == visitors{f.theirs});
}

TEST_CASE("who waits for any place is called from each host", "[relay][lobby]") {
    fixture f;
    f.wait(f.ours, {f.first}, true);
    f.wait(f.theirs, {f.first});
    CHECK(f.hall.freed(f.second) == visitors{f.ours});
    CHECK(f.hall.freed(f.first) == visitors{f.ours, f.theirs});
}

TEST_CASE("a relay does not wait for itself", "[relay][lobby]") {
    fixture f;
    f.wait(f.ours, {f.first});
    CHECK_FALSE(f.hall.someone_else_waits(f.first, *f.ours));
    CHECK(f.hall.someone_else_waits(f.first, *f.theirs));
    CHECK_FALSE(f.hall.someone_else_waits(f.second, *f.theirs));
    f.wait(f.theirs, {}, true);
    CHECK(f.hall.someone_else_waits(f.first, *f.ours));
    CHECK(f.hall.someone_else_waits(f.second, *f.ours));
}

TEST_CASE("who has found a place meanwhile, or has no mail any more, does not wait", "[relay][lobby]") {
    fixture f;
    f.wait(f.ours, {f.first}, true);
    SECTION("a place") { f.ours->blocked = false; }
    SECTION("no mail") { f.ours->waiting.clear(); }
    CHECK_FALSE(f.hall.someone_else_waits(f.first, *f.theirs));
}

TEST_CASE("an emptied lobby calls nobody", "[relay][lobby]") {
    fixture f;
    f.wait(f.ours, {f.first}, true);
    f.hall.clear();
    CHECK(f.hall.freed(f.first).empty());
    CHECK_FALSE(f.hall.someone_else_waits(f.first, *f.theirs));
}
