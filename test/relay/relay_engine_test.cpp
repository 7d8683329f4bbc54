#include "relay_engine.hpp"

#include <ctime>
#include <random>

#include "simulation.hpp"
#include "support/fake_table.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using test::simulated_host;
using test::simulation;
using door = test::simulated_host::door;
using ids = std::vector<spool::envelope_id>;

namespace {

void add(ids& to, const ids& more) { to.insert(to.end(), more.begin(), more.end()); }

}  // namespace

// --- hosts that do not work

TEST_CASE("a dead host costs one attempt per rest, and its rests grow", "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", "192.0.2.1");
    s.hosts["192.0.2.1"].at = door::refuses;
    for (int minute = 0; minute < 120; ++minute) {
        s.send("a.example");
        s.pass(1min);
    }
    const auto& attempts = s.hosts["192.0.2.1"].attempts;
    CHECK(attempts.size() >= 20);
    CHECK(attempts.size() <= 9 + 24);  // 1, 2, 4 ... 256 s, then every 5 minutes
    CHECK(s.hosts["192.0.2.1"].most_open == 1);
}

TEST_CASE("a host that greets and then throws us out rests longer each time", "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", "192.0.2.1");
    s.hosts["192.0.2.1"].throws_out = true;
    for (int i = 0; i < 1000; ++i) {
        s.send("a.example");
        s.pass(10s);
    }
    CHECK(s.hosts["192.0.2.1"].attempts.size() <= 9 + 40);
}

TEST_CASE("a host that comes back is used again after its rest", "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", "192.0.2.1");
    s.hosts["192.0.2.1"].at = GENERATE(door::refuses, door::stalls, door::is_busy);
    for (int i = 0; i < 10; ++i) {
        s.send("a.example");
        s.pass(1min);
    }
    CHECK(s.delivered() == 0);
    s.hosts["192.0.2.1"].at = door::open;
    s.send("a.example");
    s.pass(6min);
    CHECK(s.delivered() == 11);  // and with it all that had been deferred for the host's sake
}

TEST_CASE("a worse host serves only while every better one rests", "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", {{"192.0.2.1"}, {"192.0.2.2"}});
    s.hosts["192.0.2.1"].at = door::refuses;
    s.send("a.example");
    s.pass(1s);
    CHECK(s.delivered() == 1);
    CHECK(s.hosts["192.0.2.2"].messages == 1);
    s.hosts["192.0.2.1"].at = door::open;
    s.pass(1min);
    for (int i = 0; i < 500; ++i) s.send("a.example");
    s.pass(1min);
    CHECK(s.delivered() == 501);
    CHECK(s.hosts["192.0.2.2"].messages == 1);
}

TEST_CASE("a host that closes after some messages, or bears few connections, costs no mail its try",
          "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", "192.0.2.1");
    SECTION("closes") { s.hosts["192.0.2.1"].closes_after = 3; }
    SECTION("bears one") { s.hosts["192.0.2.1"].room = 1; }
    for (int i = 0; i < 100; ++i) s.send("a.example");
    s.pass(1min);
    CHECK(s.delivered() == 100);
    CHECK(s.house.defer() == 0);
}

TEST_CASE("a stalled host takes one connection, however much mail waits for it", "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", "192.0.2.1");
    s.hosts["192.0.2.1"].at = door::stalls;
    for (int i = 0; i < 100; ++i) s.send("a.example");
    s.pass(10s);
    CHECK(s.hosts["192.0.2.1"].most_open == 1);
}

TEST_CASE("`resume route` ends the rest at once", "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", "192.0.2.1");
    s.hosts["192.0.2.1"].at = door::refuses;
    for (int i = 0; i < 10; ++i) {
        s.send("a.example");
        s.pass(16s);
    }
    s.hosts["192.0.2.1"].at = door::open;
    s.send("a.example");
    s.pass(1s);
    REQUIRE(s.waiting() > 0);
    REQUIRE(s.engine->routes().size() == 1);
    const auto id = s.engine->routes().front().id;
    CHECK_FALSE(s.engine->resume_route(id + 1));
    CHECK(s.engine->resume_route(id));
    s.pass(1s);
    CHECK(s.delivered() > 0);
    CHECK(s.waiting() == 0);
}

// --- other settings while mail is on its way

TEST_CASE("other settings take up what the earlier ones leave of a limit that both share", "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", "192.0.2.1");
    s.hosts["192.0.2.1"].to_carry = 1s;
    s.allowed().per_relay = 1;
    for (int i = 0; i < 20; ++i) s.send("a.example");
    s.pass(3s);
    REQUIRE(s.hosts["192.0.2.1"].open == 1);
    s.engine->apply(std::make_shared<const relay::settings>(s.how));
    for (int i = 0; i < 20; ++i) s.send("a.example");
    s.pass(2min);
    CHECK(s.delivered() == 40);
    CHECK(s.hosts["192.0.2.1"].most_open == 1);
    CHECK(s.engine->relays().size() <= 1);  // of the earlier settings nothing is left
}

TEST_CASE("what was handed over goes by the settings of that moment", "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", "192.0.2.1");
    s.open();
    const auto earlier = std::make_shared<const relay::settings>(s.how);
    s.engine->apply(earlier);
    for (int i = 0; i < 100; ++i) s.send("a.example");  // more than are looked at at once
    relay::settings without = s.how;
    without.actions.clear();
    s.engine->apply(std::make_shared<const relay::settings>(without));
    s.pass(1min);
    CHECK(s.delivered() == 100);
    CHECK(s.engine->relays().empty());
    CHECK(earlier.use_count() == 1);
}

// --- the DNS

TEST_CASE("a domain none of whose hosts has an address is a failure for good", "[relay][relay_engine]") {
    simulation s;
    s.dns.mail("a.example", {{10, "mx.a.example"}});
    s.dns.host("mx.a.example", {});
    s.send("a.example");
    s.pass(5s);
    CHECK(s.house.remove() == 1);
    CHECK(s.house.defer() == 0);
}

TEST_CASE("a DNS that fails is asked once per pause, however much mail comes", "[relay][relay_engine]") {
    simulation s;
    s.dns.mail_hosts.insert_or_assign("a.example", base::error_code(dns::errc::unavailable));
    for (int i = 0; i < 600; ++i) {
        s.send("a.example");
        s.pass(100ms);
    }
    CHECK(s.house.defer() == 600);
    CHECK(s.dns.questions.size() <= 8);  // at 0, 1, 3, 7, 15, 31 s and after a minute
}

TEST_CASE("mail waits for a DNS that is slow, and goes as soon as the best host is known", "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", {{"192.0.2.1"}, {"192.0.2.2"}});
    s.dns.hold("mx2.a.example").hold("a.example");
    s.send("a.example");
    s.pass(20s);
    CHECK(s.delivered() == 0);
    CHECK(s.house.defer() == 0);
    s.dns.let_go("a.example");
    s.pass(1s);
    CHECK(s.delivered() == 1);
    s.dns.let_go("mx2.a.example");
}

// --- sharing

TEST_CASE("small mail overtakes a message with very many recipients", "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", "192.0.2.1");
    s.allowed().per_relay = 2;
    s.hosts["192.0.2.1"].to_carry = 10s;
    s.send("a.example", 3000);
    s.pass(1s);
    const auto small = s.send("a.example");
    s.pass(30s);
    CHECK(s.longest_delay(small) <= 21s);
    s.pass(10min);
    CHECK(s.delivered() == 3001);
}

TEST_CASE("a flood for one domain keeps others of the same host waiting for a bounded time only",
          "[relay][relay_engine]") {
    simulation s;
    const std::size_t others = GENERATE(1U, 30U);
    CAPTURE(others);
    s.allowed().per_host = GENERATE(1U, 5U);
    s.domain("flood.example", "192.0.2.1");
    ids small;
    for (int i = 0; i < 900; ++i) s.send("flood.example");
    s.pass(5s);
    for (std::size_t i = 0; i < others; ++i) {
        const std::string name = "d" + std::to_string(i) + ".example";
        s.domain(name, "192.0.2.1");
        add(small, s.send(name));
    }
    s.pass(5min);
    // Ten transactions of 100 ms for each who holds a place before them, and one for each of the others.
    CHECK(s.longest_delay(small) <= 3s + others * 200ms);
    CHECK(s.delivered() == 900 + others);
}

namespace {

/// The processor time that mail for so many domains of one host takes, for each domain.
double cost_of_a_domain(int domains) {
    simulation s;
    s.hosts["192.0.2.1"].to_carry = 1ms;
    for (int i = 0; i < domains; ++i) s.domain("d" + std::to_string(i) + ".example", "192.0.2.1");
    timespec begin{};
    timespec end{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    for (int i = 0; i < domains; ++i) s.send("d" + std::to_string(i) + ".example");
    s.pass(5min);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    CHECK(s.delivered() == static_cast<std::size_t>(domains));
    return (static_cast<double>(end.tv_sec - begin.tv_sec) + 1e-9 * static_cast<double>(end.tv_nsec - begin.tv_nsec)) /
           domains;
}

}  // namespace

TEST_CASE("audit 12: many domains of one host cost no more each than a few", "[relay][relay_engine]") {
    const double few = cost_of_a_domain(200);
    const double many = cost_of_a_domain(4000);
    CAPTURE(few, many);
    CHECK(many < 4 * few);  // twenty times as much where each event plans for all that wait
}

TEST_CASE("audit 12: relays get their places at a host in the order in which they began to wait",
          "[relay][relay_engine]") {
    simulation s;
    s.allowed().per_host = 1;
    s.domain("busy.example", "192.0.2.1");
    s.hosts["192.0.2.1"].to_carry = 1s;
    s.send("busy.example");
    s.pass(100ms);
    ids waiting;
    for (int i = 99; i >= 0; --i) {  // not the order of their names
        s.domain("d" + std::to_string(i) + ".example", "192.0.2.1");
        add(waiting, s.send("d" + std::to_string(i) + ".example"));
        s.pass(1ms);
    }
    s.pass(5min);
    REQUIRE(s.delivered() == 101);
    for (std::size_t i = 1; i < waiting.size(); ++i)
        CHECK(s.hosts.first_answer.at(waiting[i - 1]) < s.hosts.first_answer.at(waiting[i]));
}

TEST_CASE("audit 12: a pause between connections serves one relay after the other, and many wait for it cheaply",
          "[relay][relay_engine]") {
    simulation s;
    s.allowed().host_delay = 1s;
    for (int i = 0; i < 500; ++i) {
        s.domain("d" + std::to_string(i) + ".example", "192.0.2.1");
        s.send("d" + std::to_string(i) + ".example");
    }
    s.pass(100s);
    CHECK(s.delivered() >= 99);
    CHECK(s.delivered() <= 101);
    s.pass(401s);
    CHECK(s.delivered() == 500);
}

TEST_CASE("audit 12: when the host of very many waiting relays fails, each goes to its backup",
          "[relay][relay_engine]") {
    simulation s;
    s.hosts["192.0.2.1"].at = door::stalls;
    for (int i = 0; i < 1000; ++i) {
        s.domain("d" + std::to_string(i) + ".example", {{"192.0.2.1"}, {"192.0.2.2"}});
        s.send("d" + std::to_string(i) + ".example");
    }
    s.pass(29s);
    CHECK(s.delivered() == 0);
    // Until the rest of the first host is over; then they wait for the next attempt there.
    s.hosts["192.0.2.2"].to_carry = 1ms;
    s.pass(5min);
    CHECK(s.delivered() == 1000);
}

TEST_CASE("an idle session makes room for another domain's mail", "[relay][relay_engine]") {
    simulation s;
    s.allowed().per_host = 1;
    s.domain("a.example", "192.0.2.1");
    s.domain("b.example", "192.0.2.1");
    s.send("a.example");
    s.pass(1s);
    const auto later = s.send("b.example");
    s.pass(1s);
    CHECK(s.longest_delay(later) <= 200ms);
}

TEST_CASE("a session does not leave for one who waits for a pause to end", "[relay][relay_engine]") {
    simulation s;
    s.allowed().route_delay = 1h;
    s.domain("a.example", "192.0.2.1");
    s.domain("b.example", "192.0.2.1");
    for (int i = 0; i < 50; ++i) s.send("a.example");
    s.pass(100ms);
    s.send("b.example");
    s.pass(10s);
    CHECK(s.hosts["192.0.2.1"].connections == 1);
    CHECK(s.delivered() == 50);
    s.pass(1h);
    CHECK(s.delivered() == 51);
}

TEST_CASE("who has found a place elsewhere does not make others leave theirs", "[relay][relay_engine]") {
    simulation s;
    s.allowed().per_host = 1;
    s.domain("a.example", "192.0.2.1");
    // Two hosts of one preference: it waits at both, and one is enough.
    s.dns.mail("b.example", {{10, "one.b.example"}, {10, "two.b.example"}});
    s.dns.host("one.b.example", {"192.0.2.1"}).host("two.b.example", {"192.0.2.2"});
    s.domain("c.example", "192.0.2.2");
    s.hosts["192.0.2.1"].to_carry = 5s;
    s.send("a.example");
    s.send("c.example");
    s.send("b.example");  // both are taken
    s.pass(10s);
    REQUIRE(s.delivered() == 3);
    for (int i = 0; i < 50; ++i) s.send("a.example");
    s.pass(300s);
    CHECK(s.delivered() == 53);
    CHECK(s.hosts["192.0.2.1"].connections == 1);
}

TEST_CASE("a place more at a host is offered to those whose limits differ from those of who earned it",
          "[relay][relay_engine]") {
    simulation s;
    s.how.limits.by_domain["a.example"].per_host = 5;
    s.domain("a.example", "192.0.2.1");
    s.domain("b.example", "192.0.2.1");
    s.hosts["192.0.2.1"].to_carry = 5s;
    for (int i = 0; i < 100; ++i) s.send("a.example");
    s.pass(1s);  // all five places are taken
    const auto other = s.send("b.example");
    s.pass(2min);
    CHECK(s.longest_delay(other) <= 11s);
}

TEST_CASE("the parts of a long message go down all sessions that are idle", "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", "192.0.2.1");
    s.allowed().per_relay = 2;
    s.allowed().recipients = 10;
    s.hosts["192.0.2.1"].to_carry = 1s;
    for (int i = 0; i < 3; ++i) s.send("a.example");
    s.pass(3s);
    const auto parts = s.send("a.example", 20);
    s.pass(3s);
    CHECK(s.hosts["192.0.2.1"].connections == 2);
    CHECK(s.longest_delay(parts) <= 1s);
}

TEST_CASE("who waits at a host hears that its other address family has failed there", "[relay][relay_engine]") {
    simulation s;
    // Both are on trial at one IPv6 address; only the first has another way.
    s.domain("a.example", {{"2001:db8::1", "192.0.2.1"}});
    s.domain("b.example", {{"2001:db8::1"}, {"192.0.2.2"}});
    s.hosts["2001:db8::1"].at = door::refuses;
    s.hosts["2001:db8::1"].to_open = 2s;
    s.hosts["192.0.2.1"].to_open = 4s;
    s.hosts["192.0.2.1"].to_carry = 1h;
    s.send("a.example");
    const auto second = s.send("b.example");
    s.pass(1min);
    CHECK(s.longest_delay(second) <= 3s);
    s.pass(2h);
}

TEST_CASE("sick hosts do not delay the mail to healthy ones", "[relay][relay_engine]") {
    // 200 domains on ten hosts; the sum of the delays of mail to the six that are never sick.
    const auto run = [](bool sick) {
        simulation s;
        s.how.most_open = 150;
        s.hosts.random = 7;
        for (int i = 0; i < 200; ++i)
            s.domain("d" + std::to_string(i) + ".example", "192.0.2." + std::to_string(i % 10));
        if (sick) {
            s.hosts["192.0.2.0"].at = door::stalls;
            s.hosts["192.0.2.1"].at = door::refuses;
            for (const char* each : {"192.0.2.2", "192.0.2.3"}) s.hosts[each].to_carry = 30s;
        }
        ids healthy;
        std::mt19937 random(7);
        for (int i = 0; i < 3000; ++i) {
            const auto domain = random() % 200;
            const auto mail = s.send("d" + std::to_string(domain) + ".example", 1 + random() % 3);
            if (domain % 10 >= 4) add(healthy, mail);
            s.pass(std::chrono::milliseconds(random() % 100));
        }
        s.pass(1min);
        async::duration sum{};
        for (const spool::envelope_id each : healthy) sum += s.delay_of(each);
        CHECK(s.longest_delay(healthy) < 5s);
        return sum;
    };
    const auto without = run(false);
    const auto with = run(true);
    CHECK(with <= without + without / 10);
}

TEST_CASE("a session that ends by a bug leaves its place to who waits, and its mail is tried again",
          "[relay][relay_engine]") {
    simulation s;
    s.expects_bug = true;
    s.allowed().per_host = 1;
    s.domain("a.example", "192.0.2.1");
    s.domain("b.example", "192.0.2.1");
    s.hosts["192.0.2.1"].has_bug = true;
    s.hosts["192.0.2.1"].to_open = 1s;
    s.send("a.example");
    s.pass(100ms);
    s.send("b.example");
    s.pass(1min);
    CHECK(s.hosts["192.0.2.1"].attempts.size() >= 2);
    CHECK(s.hosts["192.0.2.1"].attempts.size() <= 20);
    s.hosts["192.0.2.1"].has_bug = false;
    s.pass(1h);
    CHECK(s.delivered() == 2);
}

// --- the books

TEST_CASE("nothing polls: who waits sleeps until something can have changed", "[relay][relay_engine]") {
    simulation s;
    for (int i = 0; i < 50; ++i) s.domain("d" + std::to_string(i) + ".example", "192.0.2." + std::to_string(i % 5));
    for (int i = 0; i < 5; ++i) s.hosts["192.0.2." + std::to_string(i)].at = door::stalls;
    for (int i = 0; i < 50; ++i) s.send("d" + std::to_string(i) + ".example");
    s.pass(1s);
    const std::size_t before = s.clock.sleeps;
    s.pass(25s);
    CHECK(s.clock.sleeps - before <= 25 + 5);  // the house is kept once a second
}

TEST_CASE("when the mail is done with nothing ticks, and no relay is kept", "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", "192.0.2.1");
    s.domain("b.example", "192.0.2.2");
    s.hosts["192.0.2.2"].at = door::refuses;
    s.dns.mail_hosts.insert_or_assign("c.example", base::error_code(dns::errc::unavailable));
    for (int i = 0; i < 10; ++i) {
        for (const char* each : {"a.example", "b.example", "c.example", "gone.example"}) s.send(each);
        s.pass(1s);
    }
    s.pass(100s);  // a pause of the DNS is over, and the queue's first retry has not come
    CHECK(s.engine->relays().empty());
    const std::size_t before = s.clock.sleeps;
    s.pass(100s);
    CHECK(s.clock.sleeps == before);
}

TEST_CASE("what has been quiet for an hour is forgotten", "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", "192.0.2.1");
    s.domain("b.example", "192.0.2.2");
    s.send("a.example");
    s.pass(30min);
    CHECK(s.engine->hosts().size() == 1);
    CHECK(s.engine->routes().size() == 1);
    s.pass(31min);
    s.send("b.example");
    s.pass(2s);
    CHECK(s.engine->hosts().size() == 1);
    CHECK(s.engine->routes().front().host == "192.0.2.2:25");
}

TEST_CASE("what is quiet is forgotten within a minute of its hour, while other mail flows", "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", "192.0.2.1");
    s.domain("b.example", "192.0.2.2");
    s.send("a.example");
    for (int i = 0; i < 62; ++i) {
        s.pass(1min);
        s.send("b.example");
    }
    s.pass(1s);
    CHECK(s.engine->hosts().size() == 1);
    CHECK(s.engine->routes().front().host == "192.0.2.2:25");
}

TEST_CASE("a relay_engine that stops lets what is under way end, and tells nothing of the rest",
          "[relay][relay_engine]") {
    simulation s;
    s.domain("a.example", "192.0.2.1");
    s.domain("b.example", "192.0.2.2");
    s.domain("c.example", "192.0.2.3");
    s.hosts["192.0.2.1"].to_carry = 10s;
    s.hosts["192.0.2.2"].at = door::stalls;
    s.dns.hold("c.example");
    for (int i = 0; i < 50; ++i) {
        for (const char* each : {"a.example", "b.example", "c.example"}) s.send(each);
    }
    s.pass(1s);
    const std::size_t at_work = s.hosts.sessions;
    bool stopped = false;
    const auto grace = GENERATE(0s, 15s);
    boost::asio::co_spawn(s.house.loop, s.engine->stop(grace), [&](std::exception_ptr) { stopped = true; });
    s.pass(grace);
    CHECK(stopped);
    CHECK(s.hosts.sessions == 0);
    CHECK(s.house.defer() == 0);
    CHECK(s.delivered() == (grace == 0s ? 0 : at_work - 1));
    s.engine.reset();
    s.dns.let_go("c.example");
}

// --- whatever happens

namespace {

/// A world, its limits and its accidents, by a seed.
struct accidents {
    test::fake_table sources{{{"1", "198.51.100.1"}, {"2", "198.51.100.2"}, {"3", "2001:db8:1::1"}}};
    simulation s;
    std::mt19937 random;
    std::vector<std::string> ips;
    std::vector<std::string> domains;

    explicit accidents(unsigned seed) : random(seed) {
        s.hosts.random = seed;
        const auto number = 1 + pick(6);
        for (unsigned i = 0; i < number; ++i) {
            ips.push_back("192.0.2." + std::to_string(i));
            ips.push_back("2001:db8::" + std::to_string(i));
        }
        s.add_action("other");
        if (pick(2) == 0) s.how.actions.at("out").sources = &sources;
        relay::limits& most = s.allowed();
        for (std::size_t* each : {&most.per_host, &most.per_route, &most.per_source, &most.per_connector,
                                  &most.per_relay, &most.per_domain, &s.how.most_open}) {
            *each = 1 + pick(pick(2) == 0 ? 3 : 20);
        }
        for (async::duration* each : {&most.host_delay, &most.route_delay, &most.source_delay, &most.connector_delay,
                                      &most.relay_delay, &most.domain_delay, &most.reconnect_delay}) {
            if (pick(8) == 0) *each = std::chrono::milliseconds(pick(5000));
        }
        most.messages = 1 + pick(30);
        most.recipients = 1 + pick(10);
        add_domains(1 + pick(8));
        s.open();
    }

    unsigned pick(unsigned below) { return static_cast<unsigned>(random() % below); }
    const std::string& one_of(const std::vector<std::string>& names) {
        return names[pick(static_cast<unsigned>(names.size()))];
    }

    void add_domains(unsigned number) {
        for (unsigned i = 0; i < number; ++i) {
            std::vector<std::vector<std::string>> at(1 + pick(3));
            for (auto& each : at) {
                each.push_back(one_of(ips));
                if (pick(2) == 0) each.push_back(one_of(ips));
            }
            at.back().push_back("192.0.2.0");  // every domain can be reached without IPv6
            domains.push_back("d" + std::to_string(i) + ".example");
            s.domain(domains.back(), at);
        }
    }
    void change_a_host() {
        simulated_host& host = s.hosts[one_of(ips)];
        const bool is_sick = pick(2) == 0;
        host.at = is_sick ? static_cast<door>(pick(4)) : door::open;
        host.to_open = std::chrono::milliseconds(1 + pick(600));
        host.to_carry = std::chrono::milliseconds(1 + pick(is_sick ? 60000 : 500));
        host.room = is_sick && pick(2) == 0 ? 1 + pick(3) : 10'000;
        host.closes_after = is_sick ? pick(4) : 0;
        host.throws_out = is_sick && pick(4) == 0;
        host.defers_percent = is_sick ? pick(101) : 0;
    }
    void heal() {
        for (const std::string& each : ips) {
            simulated_host& host = s.hosts[each];
            host.at = door::open;
            host.to_open = host.to_carry = 20ms;
            host.room = 10'000;
            host.closes_after = host.defers_percent = 0;
            host.throws_out = false;
        }
    }
    /// With mail waiting there is a session, a moment, or a question on its way.
    [[nodiscard]] bool something_goes_on() const {
        for (const relay::relay_view& each : s.engine->relays()) {
            if (each.waiting > 0 && !each.next_try && s.hosts.sessions == 0) return false;
        }
        return true;
    }
};

}  // namespace

TEST_CASE("whatever the hosts do, limits are kept and all mail arrives once, when they are well again",
          "[relay][relay_engine]") {
    const auto seed = GENERATE(range(1U, 41U));
    CAPTURE(seed);
    accidents world(seed);
    simulation& s = world.s;
    for (int step = 0; step < 400; ++step) {
        if (world.pick(4) == 0) world.change_a_host();
        const auto mails = world.pick(world.pick(20) == 0 ? 60 : 4);
        for (unsigned i = 0; i < mails; ++i) {
            s.send(world.one_of(world.domains), 1 + world.pick(world.pick(10) == 0 ? 40 : 3),
                   world.pick(4) == 0 ? "other" : "out");
        }
        s.pass(std::chrono::milliseconds(world.pick(world.pick(5) == 0 ? 300'000 : 5000)));
        REQUIRE(world.something_goes_on());
    }
    world.heal();
    s.pass(24h);
    CHECK(s.delivered() == s.sent.size());
    // Warnings about delays wait on the shelf.
    CHECK(std::ranges::all_of(s.house.store.rows.envelopes,
                              [](const auto& each) { return each.second.is.hop.action == "reports"; }));
    CHECK(s.engine->relays().empty());
    CHECK(s.hosts.sessions == 0);
    CHECK(s.clock.sleeps < 200'000);
}
