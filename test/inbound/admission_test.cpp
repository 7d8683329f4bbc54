#include "admission.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "login_line.hpp"
#include "support/virtual_clock.hpp"

using namespace waypost;
using inbound::admission;
using inbound::door;

namespace {

net::address ip(const char* text) { return net::parse_address(text).value(); }

inbound::listener_settings listener(door kind) {
    inbound::listener_settings made{.endpoint = std::nullopt,
                                    .protocol = {.host = mail::domain::parse("mx.example.org").value()}};
    if (kind != door::local) made.endpoint = net::endpoint{ip("127.0.0.1"), 0};
    if (kind == door::submission) made.protocol.auth = smtp::requirement::required;
    return made;
}

inbound::settings limits(std::size_t sessions) {
    inbound::settings made;
    for (const door each : {door::open, door::submission, door::local}) made.listeners.push_back(listener(each));
    made.max_sessions = sessions;
    return made;
}

std::vector<admission::slot> take_all(admission& admission, door door) {
    std::vector<admission::slot> taken;
    while (auto one = admission.try_take(door)) taken.push_back(std::move(*one));
    return taken;
}

bool is_let_in(admission& admission, std::vector<admission::visit>& visits, const char* address) {
    auto answer = admission.arrive(ip(address));
    if (!std::holds_alternative<admission::visit>(answer)) return false;
    visits.push_back(std::get<admission::visit>(std::move(answer)));
    return true;
}

}  // namespace

TEST_CASE("audit 10: a flood at one door leaves the others their eighth of the sessions", "[inbound][admission]") {
    const auto flooded = GENERATE(door::open, door::submission, door::local);
    admission all(limits(80));
    const auto flood = take_all(all, flooded);
    CHECK(flood.size() == 60);
    for (const door other : {door::open, door::submission, door::local}) {
        if (other == flooded) continue;
        const auto rest = take_all(all, other);
        CHECK(rest.size() == 10);
    }
}

TEST_CASE("a door that is not there has nothing kept for it", "[inbound][admission]") {
    inbound::settings how = limits(80);
    how.listeners = {listener(door::open)};
    admission all(how);
    CHECK(take_all(all, door::open).size() == 80);
}

TEST_CASE("a session that ends gives its slot to the next one", "[inbound][admission]") {
    inbound::settings how = limits(2);
    admission all(how);
    auto taken = take_all(all, door::open);
    REQUIRE(taken.size() == 2);
    taken.pop_back();
    CHECK(all.try_take(door::local));
}

TEST_CASE("audit 10: an address has so many sessions and no more, and an IPv6 /64 is one", "[inbound][admission]") {
    inbound::settings how = limits(1000);
    how.max_sessions_of_client = 2;
    admission all(how);
    std::vector<admission::visit> visits;
    CHECK(is_let_in(all, visits, "192.0.2.1"));
    CHECK(is_let_in(all, visits, "192.0.2.1"));
    CHECK_FALSE(is_let_in(all, visits, "192.0.2.1"));
    CHECK(is_let_in(all, visits, "192.0.2.2"));
    CHECK(is_let_in(all, visits, "2001:db8::1"));
    CHECK(is_let_in(all, visits, "2001:db8::2"));
    CHECK_FALSE(is_let_in(all, visits, "2001:db8::ffff:3"));
    CHECK(is_let_in(all, visits, "2001:db8:0:1::1"));
    visits.clear();
    CHECK(is_let_in(all, visits, "192.0.2.1"));
}

TEST_CASE("audit 10: a network has a limit of its own", "[inbound][admission]") {
    inbound::settings how = limits(1000);
    how.max_sessions_of_network = 3;
    admission all(how);
    std::vector<admission::visit> visits;
    for (const char* each : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) CHECK(is_let_in(all, visits, each));
    const auto refused = all.arrive(ip("192.0.2.4"));
    REQUIRE(std::holds_alternative<admission::refusal>(refused));
    CHECK(std::get<admission::refusal>(refused).text == "too many connections from the network of 192.0.2.4");
    CHECK(is_let_in(all, visits, "192.0.3.4"));
    for (const char* each : {"2001:db8::1", "2001:db8:0:1::1", "2001:db8:0:2::1"}) CHECK(is_let_in(all, visits, each));
    CHECK_FALSE(is_let_in(all, visits, "2001:db8:0:3::1"));
}

TEST_CASE("audit 10: where there are few sessions no address has more than half of them", "[inbound][admission]") {
    admission all(limits(10));
    std::vector<admission::visit> visits;
    for (int i = 0; i < 5; ++i) CHECK(is_let_in(all, visits, "192.0.2.1"));
    CHECK_FALSE(is_let_in(all, visits, "192.0.2.1"));
}

TEST_CASE("an address has as many sessions as the administrator says, however few there are", "[inbound][admission]") {
    inbound::settings how = limits(10);
    how.max_sessions_of_client = 9;
    how.max_sessions_of_network = 9;
    admission all(how);
    std::vector<admission::visit> visits;
    for (int i = 0; i < 9; ++i) CHECK(is_let_in(all, visits, "192.0.2.1"));
    CHECK_FALSE(is_let_in(all, visits, "192.0.2.1"));
}

TEST_CASE("a user of this machine has a quarter of the sessions, and root all", "[inbound][admission]") {
    admission all(limits(40));
    std::vector<admission::visit> visits;
    const auto is_admitted = [&](unsigned uid) {
        auto answer = all.arrive(std::nullopt, uid);
        if (!std::holds_alternative<admission::visit>(answer)) return false;
        visits.push_back(std::get<admission::visit>(std::move(answer)));
        return true;
    };
    for (int i = 0; i < 10; ++i) CHECK(is_admitted(1000));
    CHECK_FALSE(is_admitted(1000));
    CHECK(is_admitted(1001));
    for (int i = 0; i < 40; ++i) CHECK(is_admitted(0));
    const auto refused = all.arrive(std::nullopt, 1000);
    CHECK(std::get<admission::refusal>(refused).text == "too many connections from user 1000");
    visits.clear();
    CHECK(is_admitted(1000));
}

TEST_CASE("programs and relays of this host are not counted", "[inbound][admission]") {
    inbound::settings how = limits(10);
    how.max_sessions_of_client = 1;
    admission all(how);
    std::vector<admission::visit> visits;
    for (int i = 0; i < 1000; ++i) {
        CHECK(is_let_in(all, visits, "127.0.0.1"));
        CHECK(is_let_in(all, visits, "::1"));
        CHECK(std::holds_alternative<admission::visit>(all.arrive(std::nullopt)));
    }
}

namespace {

struct crowd {
    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    inbound::login_line line;
    std::vector<inbound::login_line::place> places;
    int refused = 0;

    ~crowd() {
        clock.advance(std::chrono::seconds(20));
        places.clear();
    }
    void comes(const char* address, int times = 1) {
        for (; times > 0; --times) {
            boost::asio::co_spawn(loop, line.join(ip(address), clock),
                                  [this](std::exception_ptr, std::optional<inbound::login_line::place> one) {
                                      if (one) return places.push_back(std::move(*one));
                                      ++refused;
                                  });
        }
        clock.settle();
    }
    void first_ends() {
        std::optional<inbound::login_line::place> first(std::move(places.front()));
        std::vector<inbound::login_line::place> others;
        for (std::size_t i = 1; i < places.size(); ++i) others.push_back(std::move(places[i]));
        places.swap(others);
        first.reset();
        clock.settle();
    }
};

}  // namespace

TEST_CASE("audit 16: a client has but a part of the line of logins", "[inbound][login_line]") {
    crowd all;
    all.comes("192.0.2.1", 10);
    CHECK(all.places.size() == 8);
    CHECK(all.refused == 0);
    all.comes("192.0.2.2");
    CHECK(all.places.size() == 9);
    all.comes("127.0.0.1", 60);
    CHECK(all.places.size() == 64);
    all.clock.advance(std::chrono::seconds(20));
    CHECK(all.refused == 7);
}

TEST_CASE("a login that finds no place in the line has the next one that is free", "[inbound][login_line]") {
    crowd all;
    all.comes("192.0.2.1", 20);
    all.comes("192.0.2.2", 1);
    CHECK(all.places.size() == 9);
    for (int i = 0; i < 12; ++i) {
        all.first_ends();
        CHECK(all.places.size() == 9U - (i >= 8 ? 1U : 0U));
    }
    CHECK(all.refused == 0);
}

TEST_CASE("of one client so many logins wait for a place and no more, and not for long", "[inbound][login_line]") {
    crowd all;
    all.comes("192.0.2.1", 8 + 64);
    CHECK(all.refused == 0);
    all.comes("192.0.2.1", 3);
    CHECK(all.refused == 3);
    all.comes("192.0.2.9", 9);
    CHECK(all.refused == 3);
    all.clock.advance(std::chrono::seconds(20));
    CHECK(all.refused == 3 + 64 + 1);
    CHECK(all.places.size() == 16);
    all.comes("192.0.2.1");
    all.first_ends();
    CHECK(all.places.size() == 16);
    CHECK(all.refused == 68);
}
