#include "planner.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace waypost;
using namespace waypost::relay;
using namespace std::chrono_literals;

namespace {

const async::time_point start = async::time_point(1h);
const spool::next_hop mail_for{"out", "example.net"};
const source any;

host at(const std::string& ip, std::uint16_t port = 25) {
    return {.endpoint = {net::parse_address(ip).value(), port}, .socket_path = {}};
}

candidate server(unsigned preference, const std::vector<std::string>& addresses) {
    candidate one{.preference = preference, .state = candidate::knowledge::known};
    one.url.host = "mx" + std::to_string(preference) + ".example.net";
    for (const std::string& each : addresses) one.hosts.push_back(at(each));
    return one;
}

/// A relay, what it knows of the world, and the time.
struct situation {
    relay::ledger ledger;
    relay::limits limits;
    std::vector<source> from{any};
    std::vector<candidate> hosts;
    std::size_t most_open = 1000;
    async::time_point now = start;

    decision decide() const {
        return relay::decide({.relay = mail_for, .sources = from, .hosts = hosts}, ledger, limits, most_open, now);
    }
    route to(const std::string& ip) const { return {from.front(), at(ip)}; }
    void open(const route& route, std::size_t times = 1) {
        for (; times > 0; --times) {
            ledger.opened(mail_for, route, now);
            ledger.became_ready(mail_for, route, now);
        }
    }
    void fail(const route& route, const std::string& reason = "refused") {
        ledger.failed(route, mail::status::transient("4.4.1", reason), now);
    }
};

/// When the answer can change by itself.
std::optional<async::time_point> first_moment(const at_limit& wait) {
    std::optional<async::time_point> first = wait.or_at;
    for (const at_limit::line& each : wait.lines) {
        if (each.until && (!first || *each.until < *first)) first = each.until;
    }
    return first;
}

std::string chosen(const decision& what) {
    const auto* go = std::get_if<open_session>(&what);
    return go == nullptr ? "none" : go->path.target.endpoint.ip.to_string();
}

}  // namespace

TEST_CASE("the best preference is chosen", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1"}), server(20, {"192.0.2.2"})};
    CHECK(chosen(s.decide()) == "192.0.2.1");
}

TEST_CASE("of equal hosts the one with the fewest connections is chosen, then the one that rested longest",
          "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1"}), server(10, {"192.0.2.2"}), server(10, {"192.0.2.3"})};
    s.open(s.to("192.0.2.1"));
    s.now += 1s;
    s.open(s.to("192.0.2.2"));
    CHECK(chosen(s.decide()) == "192.0.2.3");
    s.now += 1s;
    s.open(s.to("192.0.2.3"));
    CHECK(chosen(s.decide()) == "192.0.2.1");
}

TEST_CASE("a busy primary MX host is waited for, never bypassed", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1"}), server(20, {"192.0.2.2"})};
    s.limits.per_host = 1;
    s.open(s.to("192.0.2.1"));
    const decision next = s.decide();
    REQUIRE(std::holds_alternative<at_limit>(next));
    REQUIRE(std::get<at_limit>(next).lines.size() == 1);
    const shared_limit& line = std::get<at_limit>(next).lines.front().limit;
    CHECK(line.kind == shared_limit::scope::route);
    CHECK(line.path.target == at("192.0.2.1"));
}

TEST_CASE("a pause between connections is waited for to the moment", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1"}), server(20, {"192.0.2.2"})};
    s.limits.route_delay = 5s;
    s.open(s.to("192.0.2.1"));
    s.now += 2s;
    const decision next = s.decide();
    REQUIRE(std::holds_alternative<at_limit>(next));
    CHECK(first_moment(std::get<at_limit>(next)) == start + 5s);
    s.now = start + 5s;
    CHECK(chosen(s.decide()) == "192.0.2.1");
}

TEST_CASE("a better host that the DNS has not answered for yet is waited for", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {}), server(20, {"192.0.2.2"})};
    s.hosts[0].state = candidate::knowledge::asking;
    CHECK(std::holds_alternative<at_limit>(s.decide()));
}

TEST_CASE("a worse host that the DNS has not answered for yet holds up nothing", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1"}), server(20, {})};
    s.hosts[1].state = candidate::knowledge::asking;
    CHECK(chosen(s.decide()) == "192.0.2.1");
}

TEST_CASE("a worse preference serves when every better host rests", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1", "192.0.2.2"}), server(20, {"192.0.2.3"})};
    s.fail(s.to("192.0.2.1"));
    CHECK(chosen(s.decide()) == "192.0.2.2");
    s.fail(s.to("192.0.2.2"));
    CHECK(chosen(s.decide()) == "192.0.2.3");
    s.now += 1s;
    CHECK(chosen(s.decide()) == "192.0.2.1");
}

TEST_CASE("a host without an address counts as one that rests", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {}), server(20, {"192.0.2.2"})};
    s.hosts[0].state = candidate::knowledge::nowhere;
    CHECK(chosen(s.decide()) == "192.0.2.2");
}

TEST_CASE("when every route rests the relay comes back at the first end of a rest, with that route's error",
          "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1"}), server(20, {"192.0.2.2"})};
    s.fail(s.to("192.0.2.1"), "one");
    s.now += 500ms;
    s.fail(s.to("192.0.2.2"), "two");
    const decision next = s.decide();
    REQUIRE(std::holds_alternative<retry_at>(next));
    CHECK(std::get<retry_at>(next).time == start + 1s);
    CHECK(std::get<retry_at>(next).because.text() == "one");
}

TEST_CASE("without any route the last word of the DNS is the reason", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {})};
    s.hosts[0].state = candidate::knowledge::nowhere;
    s.hosts[0].because = mail::status::transient("4.4.3", "no address");
    const decision next = s.decide();
    REQUIRE(std::holds_alternative<give_up>(next));
    CHECK(std::get<give_up>(next).because.text() == "no address");
}

TEST_CASE("a route is tried by one connection first, then by as many again as are ready", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1"})};
    s.ledger.opened(mail_for, s.to("192.0.2.1"), s.now);
    CHECK(std::holds_alternative<at_limit>(s.decide()));
    s.ledger.became_ready(mail_for, s.to("192.0.2.1"), s.now);
    CHECK(chosen(s.decide()) == "192.0.2.1");
    s.ledger.opened(mail_for, s.to("192.0.2.1"), s.now);
    CHECK(chosen(s.decide()) == "192.0.2.1");
    s.ledger.opened(mail_for, s.to("192.0.2.1"), s.now);
    CHECK(std::holds_alternative<at_limit>(s.decide()));
}

TEST_CASE("concurrency towards a host begins at five, grows with what it takes and shrinks with trouble",
          "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1"})};
    s.open(s.to("192.0.2.1"), 5);
    CHECK(std::holds_alternative<at_limit>(s.decide()));
    s.ledger.carried(s.to("192.0.2.1"));
    CHECK(chosen(s.decide()) == "192.0.2.1");
    s.fail(s.to("192.0.2.1"));
    s.now += 1s;
    CHECK(std::holds_alternative<at_limit>(s.decide()));
}

TEST_CASE("the window never passes the limit of the host", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1"})};
    for (int i = 0; i < 100; ++i) s.ledger.carried(s.to("192.0.2.1"));
    s.open(s.to("192.0.2.1"), 20);
    CHECK(std::holds_alternative<at_limit>(s.decide()));
}

TEST_CASE("another domain's connections to the same host count", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1"})};
    for (int i = 0; i < 5; ++i) s.ledger.opened({"out", "example.org"}, s.to("192.0.2.1"), s.now);
    CHECK(std::holds_alternative<at_limit>(s.decide()));
}

TEST_CASE("trouble of one relay with a host is not another relay's", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1"})};
    s.ledger.failed_for({"other", ""}, s.to("192.0.2.1"), mail::status::transient("4.7.0", "no"), s.now);
    CHECK(chosen(s.decide()) == "192.0.2.1");
    s.ledger.failed_for(mail_for, s.to("192.0.2.1"), mail::status::transient("4.7.0", "no"), s.now);
    CHECK(std::holds_alternative<retry_at>(s.decide()));
}

TEST_CASE("sources take their turns, one that cannot be used is passed over", "[relay][planner]") {
    situation s;
    const auto first = net::parse_address("198.51.100.1").value();
    const auto second = net::parse_address("198.51.100.2").value();
    s.from = {first, second};
    s.hosts = {server(10, {"192.0.2.1"})};
    const auto chosen_source = [&] { return std::get<open_session>(s.decide()).path.source_address; };
    CHECK(chosen_source() == first);
    s.open({first, at("192.0.2.1")});
    CHECK(chosen_source() == second);
    s.ledger.source_failed(second, mail::status::transient("4.4.1", "not ours"), s.now);
    CHECK(chosen_source() == first);
}

TEST_CASE("a source of the wrong family is skipped", "[relay][planner]") {
    situation s;
    s.from = {net::parse_address("2001:db8::1").value(), net::parse_address("198.51.100.1").value()};
    s.hosts = {server(10, {"192.0.2.1"})};
    CHECK(std::get<open_session>(s.decide()).path.source_address.is_v4());
    s.from.pop_back();
    const decision next = s.decide();
    REQUIRE(std::holds_alternative<give_up>(next));
    CHECK_THAT(std::get<give_up>(next).because.text(), Catch::Contains("family"));
}

TEST_CASE("IPv6 goes first, with IPv4 of the same server behind it", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1", "2001:db8::1"})};
    const decision next = s.decide();
    REQUIRE(std::holds_alternative<open_session>(next));
    CHECK(std::get<open_session>(next).path.target == at("2001:db8::1"));
    REQUIRE(std::get<open_session>(next).fallback.has_value());
    CHECK(std::get<open_session>(next).fallback->target == at("192.0.2.1"));
}

TEST_CASE("IPv4 goes first for a while where IPv6 did not work", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1", "2001:db8::1"})};
    s.ledger.worked(mail_for, s.to("192.0.2.9"), s.now);
    s.fail(s.to("2001:db8::9"));
    s.now += 5min;
    CHECK(chosen(s.decide()) == "192.0.2.1");
    s.now += 6min;
    CHECK(chosen(s.decide()) == "2001:db8::1");
}

TEST_CASE("a family that is not allowed is not used", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1", "2001:db8::1"})};
    s.limits.inet6 = false;
    const decision next = s.decide();
    CHECK(chosen(next) == "192.0.2.1");
    CHECK_FALSE(std::get<open_session>(next).fallback.has_value());
}

TEST_CASE("audit 12: relays that are kept out by one limit stand in one line, by different ones in different lines",
          "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1"})};
    const auto line_of = [&](const spool::next_hop& mail, const limits& rules) {
        const auto next =
            relay::decide({.relay = mail, .sources = s.from, .hosts = s.hosts}, s.ledger, rules, s.most_open, s.now);
        return std::get<at_limit>(next).lines.at(0).limit;
    };
    s.open(s.to("192.0.2.1"), 5);
    CHECK(line_of(mail_for, s.limits) == line_of({"out", "example.com"}, s.limits));
    const limits special{.per_host = 3};
    CHECK(line_of(mail_for, s.limits) != line_of({"out", "example.com"}, special));
    s.most_open = 5;
    CHECK(line_of(mail_for, s.limits).kind == shared_limit::scope::whole);
    CHECK(line_of(mail_for, s.limits) == line_of({"out", "example.com"}, special));
}

TEST_CASE("audit 25: that no family is left has a text of its own", "[relay][planner]") {
    situation s;
    s.hosts = {server(10, {"192.0.2.1"})};
    s.limits.inet4 = false;
    const decision next = s.decide();
    REQUIRE(std::holds_alternative<give_up>(next));
    CHECK_THAT(std::get<give_up>(next).because.text(), Catch::Contains("mta limit"));
}

TEST_CASE("each limit is kept", "[relay][planner]") {
    const auto which = GENERATE(values<std::string>({"relay", "connector", "domain", "source", "route", "all"}));
    CAPTURE(which);
    situation s;
    s.hosts = {server(10, {"192.0.2.1"})};
    if (which == "relay") s.limits.per_relay = 2;
    if (which == "connector") s.limits.per_connector = 2;
    if (which == "domain") s.limits.per_domain = 2;
    if (which == "source") s.limits.per_source = 2;
    if (which == "route") s.limits.per_route = 2;
    if (which == "all") s.most_open = 2;
    s.open(s.to("192.0.2.1"));
    CHECK(chosen(s.decide()) == "192.0.2.1");
    s.open(s.to("192.0.2.1"));
    CHECK(std::holds_alternative<at_limit>(s.decide()));
    s.ledger.closed(mail_for, s.to("192.0.2.1"), true, s.now);
    CHECK(chosen(s.decide()) == "192.0.2.1");
}

// Whatever has happened, an answer other than open_session must name what can change it, or a relay would sleep for
// ever.
TEST_CASE("whatever the situation, what is to be waited for is named", "[relay][planner]") {
    std::mt19937 random(GENERATE(range(1U, 201U)));
    const auto pick = [&random](unsigned below) { return static_cast<unsigned>(random() % below); };
    situation s;
    s.limits.per_host = 1 + pick(4);
    s.limits.per_relay = 1 + pick(6);
    s.limits.host_delay = std::chrono::seconds(pick(3));
    s.limits.reconnect_delay = std::chrono::seconds(pick(3));
    for (unsigned i = 0; i < 1 + pick(4); ++i) {
        s.hosts.push_back(server(10 * (1 + pick(3)), {"192.0.2." + std::to_string(1 + pick(5)),
                                                      "2001:db8::" + std::to_string(1 + pick(5))}));
    }
    std::ranges::sort(s.hosts, {}, &candidate::preference);
    std::vector<route> open;
    for (int step = 0; step < 200; ++step) {
        const decision next = s.decide();
        if (const auto* go = std::get_if<open_session>(&next)) {
            REQUIRE(s.ledger.backing_off(mail_for, go->path, s.now) == nullptr);
            REQUIRE(s.ledger.at(go->path.target).open < s.limits.per_host);
            REQUIRE(open.size() < s.limits.per_relay);
            s.ledger.opened(mail_for, go->path, s.now);
            if (pick(3) == 0) {
                s.fail(go->path);
                s.ledger.closed(mail_for, go->path, false, s.now);
            } else {
                s.ledger.became_ready(mail_for, go->path, s.now);
                open.push_back(go->path);
            }
        } else if (const auto* later = std::get_if<retry_at>(&next)) {
            REQUIRE(later->time > s.now);
            s.now = later->time;
        } else if (const auto* busy = std::get_if<at_limit>(&next)) {
            const auto moment = first_moment(*busy);
            REQUIRE((moment || !open.empty()));
            if (moment) REQUIRE(*moment > s.now);
            if (open.empty() || (moment && pick(2) == 0)) {
                s.now = *moment;
            } else {
                const auto ends = open.begin() + pick(static_cast<unsigned>(open.size()));
                s.ledger.closed(mail_for, *ends, true, s.now);
                open.erase(ends);
            }
        } else {
            FAIL("there are hosts, so there is something to wait for");
        }
    }
}
