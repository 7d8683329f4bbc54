#include "ledger.hpp"

#include <catch2/catch.hpp>

using namespace waypost;
using namespace waypost::relay;
using namespace std::chrono_literals;

namespace {

const async::time_point start = async::time_point(1000h);
const spool::next_hop ours{"out", "example.net"};
const spool::next_hop theirs{"out", "example.org"};
const mail::status broken = mail::status::transient("4.4.1", "broken");

host at(const std::string& ip) { return {.endpoint = {net::parse_address(ip).value(), 25}, .socket_path = {}}; }
route to(const std::string& ip, const source& source = {}) { return {source, at(ip)}; }
const source first_source = net::parse_address("198.51.100.1").value();
const source second_source = net::parse_address("198.51.100.2").value();

std::chrono::seconds pause_after_failure(ledger& ledger, const route& route, async::time_point& now) {
    ledger.failed(route, broken, now);
    const async::time_point until = ledger.along(route).backoff.until();
    const auto pause = std::chrono::duration_cast<std::chrono::seconds>(until - now);
    now = until;
    return pause;
}

}  // namespace

// --- rests

TEST_CASE("the pause after each failure in a row grows, up to five minutes", "[relay][ledger]") {
    ledger known;
    async::time_point now = start;
    std::vector<std::chrono::seconds> pauses;
    for (int i = 0; i < 11; ++i) pauses.push_back(pause_after_failure(known, to("192.0.2.1"), now));
    CHECK(pauses == std::vector<std::chrono::seconds>{1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 300s, 300s});
}

TEST_CASE("several attempts that fail together are one failure, and the last one's words are kept", "[relay][ledger]") {
    ledger known;
    for (int i = 0; i < 20; ++i) known.failed(to("192.0.2.1"), broken, start + std::chrono::milliseconds(i));
    known.failed(to("192.0.2.1"), mail::status::transient("4.4.1", "last"), start + 999ms);
    CHECK(known.along(to("192.0.2.1")).backoff.until() == start + 1s);
    CHECK(known.along(to("192.0.2.1")).backoff.because.text() == "last");
    CHECK(known.along(to("192.0.2.1")).errors == 21);
}

TEST_CASE("a rest ends at its moment", "[relay][ledger]") {
    ledger known;
    known.failed(to("192.0.2.1"), broken, start);
    CHECK(known.backing_off(ours, to("192.0.2.1"), start) != nullptr);
    CHECK(known.backing_off(ours, to("192.0.2.1"), start + 999ms) != nullptr);
    CHECK(known.backing_off(ours, to("192.0.2.1"), start + 1s) == nullptr);
}

TEST_CASE("a message that is carried ends the trouble of its route", "[relay][ledger]") {
    ledger known;
    async::time_point now = start;
    for (int i = 0; i < 5; ++i) pause_after_failure(known, to("192.0.2.1"), now);
    known.opened(ours, to("192.0.2.1"), now);
    known.became_ready(ours, to("192.0.2.1"), now);
    known.carried(to("192.0.2.1"));
    CHECK(pause_after_failure(known, to("192.0.2.1"), now) == 1s);
}

TEST_CASE("a connection that is made ends the rest, and its failure makes the next one longer all the same",
          "[relay][ledger]") {
    ledger known;
    async::time_point now = start;
    for (int i = 0; i < 3; ++i) pause_after_failure(known, to("192.0.2.1"), now);
    known.failed(to("192.0.2.1"), broken, now);
    known.opened(ours, to("192.0.2.1"), now);
    known.became_ready(ours, to("192.0.2.1"), now);
    CHECK(known.backing_off(ours, to("192.0.2.1"), now) == nullptr);
    CHECK(pause_after_failure(known, to("192.0.2.1"), now) == 16s);
}

TEST_CASE("trouble of a route is everybody's on that route, and nobody's on another", "[relay][ledger]") {
    ledger known;
    known.failed(to("192.0.2.1", first_source), broken, start);
    CHECK(known.backing_off(ours, to("192.0.2.1", first_source), start) != nullptr);
    CHECK(known.backing_off(theirs, to("192.0.2.1", first_source), start) != nullptr);
    CHECK(known.backing_off(ours, to("192.0.2.1", second_source), start) == nullptr);
    CHECK(known.backing_off(ours, to("192.0.2.2", first_source), start) == nullptr);
}

TEST_CASE("trouble of a relay on a route is its own", "[relay][ledger]") {
    ledger known;
    known.failed_for(ours, to("192.0.2.1"), broken, start);
    CHECK(known.backing_off(ours, to("192.0.2.1"), start) != nullptr);
    CHECK(known.backing_off(theirs, to("192.0.2.1"), start) == nullptr);
    CHECK(known.backing_off(ours, to("192.0.2.2"), start) == nullptr);
    // That another relay works there is no news for this one.
    known.worked(theirs, to("192.0.2.1"), start);
    CHECK(known.backing_off(ours, to("192.0.2.1"), start) != nullptr);
    known.worked(ours, to("192.0.2.1"), start);
    CHECK(known.backing_off(ours, to("192.0.2.1"), start) == nullptr);
}

TEST_CASE("trouble of a source is trouble of each route from it", "[relay][ledger]") {
    ledger known;
    known.source_failed(first_source, broken, start);
    CHECK(known.backing_off(ours, to("192.0.2.1", first_source), start) != nullptr);
    CHECK(known.backing_off(theirs, to("192.0.2.2", first_source), start) != nullptr);
    CHECK(known.backing_off(ours, to("192.0.2.1", second_source), start) == nullptr);
    known.worked(theirs, to("192.0.2.2", first_source), start);
    CHECK(known.backing_off(ours, to("192.0.2.1", first_source), start) == nullptr);
}

TEST_CASE("of several troubles the one that lasts longest counts", "[relay][ledger]") {
    ledger known;
    const route via = to("192.0.2.1", first_source);
    known.failed(via, mail::status::transient("4.4.1", "route"), start);
    known.failed_for(ours, via, mail::status::transient("4.4.1", "relay"), start + 100ms);
    known.source_failed(first_source, mail::status::transient("4.4.1", "source"), start + 50ms);
    REQUIRE(known.backing_off(ours, via, start + 500ms) != nullptr);
    CHECK(known.backing_off(ours, via, start + 500ms)->because.text() == "relay");
    CHECK(known.backing_off(theirs, via, start + 500ms)->because.text() == "source");
}

TEST_CASE("resume ends every rest of one route", "[relay][ledger]") {
    ledger known;
    const route via = to("192.0.2.1", first_source);
    known.opened(ours, via, start);
    known.opened(ours, to("192.0.2.2"), start);
    known.failed(via, broken, start);
    known.failed_for(ours, via, broken, start);
    known.failed_for(theirs, via, broken, start);
    known.source_failed(first_source, broken, start);
    known.failed(to("192.0.2.2"), broken, start);
    CHECK_FALSE(known.resume(999));
    CHECK(known.backing_off(ours, via, start) != nullptr);
    CHECK(known.resume(known.along(via).id));
    CHECK(known.backing_off(ours, via, start) == nullptr);
    CHECK(known.backing_off(theirs, via, start) == nullptr);
    CHECK(known.backing_off(ours, to("192.0.2.2"), start) != nullptr);
}

// --- what a host bears

TEST_CASE("the window begins at five, grows by one with each message and shrinks by one with each failure",
          "[relay][ledger]") {
    ledger known;
    CHECK(known.at(at("192.0.2.1")).window == 5);
    known.carried(to("192.0.2.1", first_source));
    known.carried(to("192.0.2.1", second_source));
    CHECK(known.at(at("192.0.2.1")).window == 7);
    known.failed(to("192.0.2.1", first_source), broken, start);
    CHECK(known.at(at("192.0.2.1")).window == 6);
    CHECK(known.at(at("192.0.2.2")).window == 5);
    for (int i = 0; i < 20; ++i) known.failed(to("192.0.2.1"), broken, start);
    CHECK(known.at(at("192.0.2.1")).window == 1);
    for (int i = 0; i < 2000; ++i) known.carried(to("192.0.2.1"));
    CHECK(known.at(at("192.0.2.1")).window == 1000);
}

TEST_CASE("what a relay has trouble with alone does not narrow the host's window", "[relay][ledger]") {
    ledger known;
    known.failed_for(ours, to("192.0.2.1"), broken, start);
    known.source_failed(source(), broken, start);
    CHECK(known.at(at("192.0.2.1")).window == 5);
}

// --- connections

TEST_CASE("an open connection counts for its host, route, source, connector, relay and domain, and for the whole",
          "[relay][ledger]") {
    ledger known;
    const route via = to("192.0.2.1", first_source);
    const auto counts = [&] {
        return std::vector<connection_counts>{known.at(via.target),     known.along(via),
                                              known.from(first_source), known.connector(ours, first_source),
                                              known.of(ours),           known.towards("example.net")};
    };
    known.opened(ours, via, start);
    for (const connection_counts& each : counts()) {
        CHECK(each.open == 1);
        CHECK(each.connecting == 1);
        CHECK(each.last_opened == start);
    }
    CHECK(known.open() == 1);
    SECTION("until it ends") {
        known.became_ready(ours, via, start + 1s);
        for (const connection_counts& each : counts()) {
            CHECK(each.open == 1);
            CHECK(each.ready() == 1);
        }
        known.closed(ours, via, true, start + 2s);
    }
    SECTION("until it has come to nothing") { known.closed(ours, via, false, start + 2s); }
    for (const connection_counts& each : counts()) {
        CHECK(each.open == 0);
        CHECK(each.connecting == 0);
        CHECK(each.last_closed == start + 2s);
    }
    CHECK(known.open() == 0);
    CHECK(known.of(theirs).last_opened == async::time_point::min());
}

TEST_CASE("each route has a number of its own, for as long as it is known", "[relay][ledger]") {
    ledger known;
    known.opened(ours, to("192.0.2.1"), start);
    known.opened(ours, to("192.0.2.2"), start);
    known.opened(theirs, to("192.0.2.1"), start);
    CHECK(known.along(to("192.0.2.1")).id == 1);
    CHECK(known.along(to("192.0.2.2")).id == 2);
    CHECK(known.along(to("192.0.2.1")).connections == 2);
}

// --- address families

TEST_CASE("IPv6 is preferred until it fails where IPv4 works, for ten minutes or until it works again",
          "[relay][ledger]") {
    ledger known;
    CHECK_FALSE(known.prefers_ipv4(start));
    const bool by_failure = GENERATE(true, false);
    if (by_failure)
        known.failed(to("2001:db8::1"), broken, start);
    else
        known.was_slow(to("2001:db8::1"), start);
    CHECK_FALSE(known.prefers_ipv4(start));  // nobody knows whether IPv4 does better
    known.worked(ours, to("192.0.2.1"), start);
    CHECK(known.prefers_ipv4(start));
    SECTION("ten minutes") {
        CHECK(known.prefers_ipv4(start + 599s));
        CHECK_FALSE(known.prefers_ipv4(start + 600s));
    }
    SECTION("it works") {
        known.worked(ours, to("2001:db8::2"), start + 1s);
        CHECK_FALSE(known.prefers_ipv4(start + 1s));
    }
    SECTION("a Unix socket says nothing") {
        known.worked(ours, {source(), {.endpoint = {}, .socket_path = "/run/lmtp"}}, start + 1s);
        CHECK(known.prefers_ipv4(start + 1s));
    }
}

// --- mail that waits elsewhere

TEST_CASE("whose mail was deferred for a host's sake is told when it works, once a second, until all has had its turn",
          "[relay][ledger]") {
    ledger known;
    const host where = at("192.0.2.1");
    CHECK(known.take_deferred(where, start).empty());
    known.remember_deferred(ours, where, 250);
    known.remember_deferred(theirs, where, 1);
    using hops = std::vector<spool::next_hop>;
    CHECK(known.take_deferred(at("192.0.2.2"), start).empty());
    CHECK(known.take_deferred(where, start) == hops{ours, theirs});
    CHECK(known.take_deferred(where, start + 999ms).empty());
    CHECK(known.take_deferred(where, start + 1s) == hops{ours});  // 150 are left
    CHECK(known.take_deferred(where, start + 2s) == hops{ours});
    CHECK(known.take_deferred(where, start + 3s).empty());
}

TEST_CASE("no more than a thousand relays are remembered for one host", "[relay][ledger]") {
    ledger known;
    const host where = at("192.0.2.1");
    for (int i = 0; i < 2000; ++i) known.remember_deferred({"out", std::to_string(i)}, where, 1);
    known.remember_deferred({"out", "7"}, where, 1);
    CHECK(known.take_deferred(where, start).size() == 1000);
}

// --- forgetting

namespace {

/// Two entries in each turn.
void forget(ledger& ledger, async::time_point moment, async::time_point now) {
    for (ledger::sweep progress; !ledger.forget_quiet_since(moment, now, progress, 2);) {}
}

}  // namespace

TEST_CASE("what nobody has used for long is forgotten", "[relay][ledger]") {
    ledger known;
    const route via = to("192.0.2.1", first_source);
    known.opened(ours, via, start);
    known.closed(ours, via, false, start + 1s);
    known.failed(via, broken, start + 1s);
    known.failed_for(ours, via, broken, start + 1s);
    known.source_failed(first_source, broken, start + 1s);
    known.remember_deferred(ours, via.target, 1);
    forget(known, start + 1s, start + 1h);
    CHECK(known.routes().size() == 1);
    CHECK(known.hosts().size() == 1);
    CHECK(known.relay_backoffs().size() == 1);
    forget(known, start + 3s, start + 1h);
    CHECK(known.routes().empty());
    CHECK(known.hosts().empty());
    CHECK(known.relay_backoffs().empty());
    CHECK(known.take_deferred(via.target, start + 1h).empty());
}

TEST_CASE("audit 12: a walk through many entries is done in parts, and sees what comes between", "[relay][ledger]") {
    ledger known;
    for (int i = 0; i < 100; ++i) {
        known.opened(ours, to("192.0.2." + std::to_string(i)), start);
        known.closed(ours, to("192.0.2." + std::to_string(i)), false, start);
    }
    ledger::sweep progress;
    CHECK_FALSE(known.forget_quiet_since(start + 1h, start + 2h, progress, 50));
    CHECK(known.routes().size() == 50);
    known.opened(ours, to("192.0.2.99"), start + 2h);
    while (!known.forget_quiet_since(start + 1h, start + 2h, progress, 50)) {}
    CHECK(known.routes().size() == 1);
    CHECK(known.hosts().size() == 1);
}

TEST_CASE("what is open or rests is not forgotten", "[relay][ledger]") {
    ledger known;
    const route via = to("192.0.2.1");
    known.opened(ours, via, start);
    SECTION("open") {}
    SECTION("rests") {
        known.closed(ours, via, false, start);
        async::time_point now = start;
        for (int i = 0; i < 9; ++i) pause_after_failure(known, via, now);
        known.failed(via, broken, start + 2h);
        forget(known, start + 2h + 1min, start + 2h + 1min);
        CHECK(known.backing_off(ours, via, start + 2h + 1min) != nullptr);
        return;
    }
    forget(known, start + 5h, start + 6h);
    CHECK(known.routes().size() == 1);
    CHECK(known.hosts().size() == 1);
    CHECK(known.of(ours).open == 1);
}
