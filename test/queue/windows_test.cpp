#include "windows.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

using namespace waypost;
using queue::windows;
using spool::envelope;
using spool::next_hop;
using spool::queued_message;

namespace {

const next_hop here{"outbound", "example.com"};
const next_hop there{"outbound", "example.net"};

/// One message with many recipients.
std::vector<envelope> a_list(const next_hop& hop, std::uint64_t id, std::uint64_t recipients) {
    std::vector<envelope> made;
    const auto to = mail::mailbox::parse("user@" + hop.domain);
    for (std::uint64_t n = 0; n < recipients; ++n)
        made.push_back({.id = spool::envelope_of(spool::message_id(id), n), .hop = hop, .recipient = {.address = *to}});
    return made;
}

/// Envelopes of messages with one recipient each.
std::vector<envelope> mail_for(const next_hop& hop, std::uint64_t first, std::uint64_t count) {
    std::vector<envelope> made;
    const auto to = mail::mailbox::parse("user@" + hop.domain);
    for (std::uint64_t n = first; n < first + count; ++n)
        made.push_back({.id = spool::envelope_of(spool::message_id(n), 0), .hop = hop, .recipient = {.address = *to}});
    return made;
}

std::vector<queued_message> answer(const next_hop& hop, std::uint64_t first, std::uint64_t count) {
    std::vector<queued_message> made;
    for (envelope& each : mail_for(hop, first, count)) {
        auto about = std::make_shared<spool::message>();
        about->id = message_of(each.id);
        made.push_back({std::move(about), {std::move(each)}});
    }
    return made;
}

}  // namespace

TEST_CASE("a window admits what it has room for, and the rest waits on disk", "[queue][windows]") {
    windows all({.window = 10});
    CHECK(all.admit(here, mail_for(here, 1, 7)).size() == 7);
    CHECK(all.admit(here, mail_for(here, 8, 7)).size() == 3);
    CHECK(all.in_flight(here) == 10);
    CHECK(all.admit(there, mail_for(there, 100, 1)).size() == 1);
    CHECK_FALSE(all.next_refill());
}

TEST_CASE("a long message that comes later does not overtake those on disk", "[queue][windows]") {
    windows all({.window = 40});
    const auto first = all.admit(here, a_list(here, 1, 41));
    for (std::size_t n = 0; n < 19; ++n) CHECK(all.complete(first[n]));
    CHECK(all.admit(here, a_list(here, 2, spool::small_message + 1)).empty());
}

TEST_CASE("small mail does not wait for a list, as long as the reserve has room", "[queue][windows]") {
    windows all({.window = 100});
    CHECK(all.admit(here, a_list(here, 1, 100'000)).size() == 100);
    CHECK(all.admit(here, a_list(here, 2, 20)).size() == 20);
    for (std::uint64_t n = 3; n < 8; ++n) CHECK(all.admit(here, mail_for(here, n, 1)).size() == 1);
    CHECK(all.admit(here, mail_for(here, 8, 1)).empty());
    CHECK(all.in_flight(here) == 125);
    const auto loads = all.loads();
    REQUIRE(loads.size() == 1);
    CHECK(loads.at(here).in_flight == 125);
    CHECK(loads.at(here).more_on_disk);
    // Room in the reserve comes from the mail that was in it.
    CHECK(all.complete(mail_for(here, 3, 1)[0]));
    CHECK(all.admit(here, mail_for(here, 9, 1)).size() == 1);
}

TEST_CASE("however much small mail comes, a list goes on", "[queue][windows]") {
    windows all({.window = 100});
    const auto list = all.admit(here, a_list(here, 1, 1000));
    for (std::size_t n = 0; n < 50; ++n) {
        CHECK_FALSE(all.next_refill());
        CHECK(all.admit(here, mail_for(here, 10 + n, 1)).size() == (n < 25 ? 1 : 0));
        all.complete(list[n]);
    }
    CHECK(all.in_flight(here) == 75);
    const auto order = all.next_refill();
    REQUIRE(order);
    CHECK(order->limit == 50);
}

TEST_CASE("small mail that comes while the store answers is not offered twice", "[queue][windows]") {
    windows all({.window = 40});
    const auto list = all.admit(here, a_list(here, 1, 50));
    for (const envelope& each : list) all.complete(each);
    const auto order = all.next_refill();
    REQUIRE(order);
    const auto fresh = all.admit(here, mail_for(here, 7, 2));
    REQUIRE(fresh.size() == 2);
    all.complete(fresh[0]);
    // The answer is about a moment when one was not in flight yet and the other had not ended.
    CHECK(all.filled(*order, answer(here, 7, 3)).size() == 1);
    CHECK(all.in_flight(here) == 2);
    CHECK_FALSE(all.in_flight(fresh[0]));
}

TEST_CASE("what is admitted during one refill is bounded", "[queue][windows]") {
    windows all({.window = 40});
    all.on_disk(here);
    REQUIRE(all.next_refill());
    std::size_t admitted = 0;
    for (std::uint64_t n = 1; n < 100; ++n) {
        for (const envelope& each : all.admit(here, mail_for(here, n, 1))) {
            ++admitted;
            all.complete(each);
        }
    }
    CHECK(admitted == 10);
}

TEST_CASE("a window that is half empty is refilled, past those in flight", "[queue][windows]") {
    windows all({.window = 10});
    const auto first = all.admit(here, mail_for(here, 1, 15));
    for (std::size_t n = 0; n < 4; ++n) all.complete(first[n]);
    CHECK_FALSE(all.next_refill());
    all.complete(first[4]);
    const auto order = all.next_refill();
    REQUIRE(order);
    CHECK(order->hop == here);
    CHECK(order->limit == 5);
    CHECK(std::set(order->known_ids.begin(), order->known_ids.end()) ==
          std::set{first[5].id, first[6].id, first[7].id, first[8].id, first[9].id});
    CHECK_FALSE(all.next_refill());

    const auto found = all.filled(*order, answer(here, 11, 5));
    REQUIRE(found.size() == 5);
    CHECK(found[0].message->id == spool::message_id(11));
    CHECK(all.in_flight(here) == 10);
}

TEST_CASE("an envelope that ended while the store answered is not offered again", "[queue][windows]") {
    windows all({.window = 4});
    const auto first = all.admit(here, mail_for(here, 1, 6));
    all.complete(first[0]);
    all.complete(first[1]);
    const auto order = all.next_refill();
    REQUIRE(order);
    // The answer was given while this one was in flight, and comes after it has ended.
    all.complete(first[2]);
    CHECK(std::ranges::find(order->known_ids, first[2].id) != order->known_ids.end());
    CHECK(all.filled(*order, answer(here, 5, 2)).size() == 2);
    CHECK(all.in_flight(here) == 3);
}

TEST_CASE("mail that is committed while the store answers is not forgotten", "[queue][windows]") {
    windows all({.window = 4});
    const auto first = all.admit(here, mail_for(here, 1, 5));
    for (std::size_t n = 0; n < 4; ++n) all.complete(first[n]);
    auto order = all.next_refill();
    REQUIRE(order);
    CHECK(all.admit(here, a_list(here, 6, 2)).empty());
    const auto found = all.filled(*order, answer(here, 5, 1));
    CHECK(found.size() == 1);
    order = all.next_refill();
    REQUIRE(order);
    CHECK(order->limit == 3);
}

TEST_CASE("an answer as long as the limit means that there may be more", "[queue][windows]") {
    windows all({.window = 4});
    all.on_disk(here);
    auto order = all.next_refill();
    REQUIRE(order);
    for (const queued_message& each : all.filled(*order, answer(here, 1, 4))) all.complete(each.envelopes[0]);
    order = all.next_refill();
    REQUIRE(order);
    CHECK(all.filled(*order, {}).empty());
    CHECK_FALSE(all.next_refill());
    CHECK(all.hops() == 0);
}

TEST_CASE("a refill without an answer is owed again", "[queue][windows]") {
    windows all({.window = 4});
    all.on_disk(here);
    const auto order = all.next_refill();
    REQUIRE(order);
    CHECK_FALSE(all.next_refill());
    all.not_filled(*order);
    CHECK(all.next_refill());
}

TEST_CASE("a hop without mail is forgotten", "[queue][windows]") {
    windows all({.window = 4});
    const auto first = all.admit(here, mail_for(here, 1, 1));
    CHECK(all.hops() == 1);
    CHECK(all.complete(first[0]));
    CHECK(all.hops() == 0);
    CHECK_FALSE(all.complete(first[0]));
}

TEST_CASE("hops that hold the total do not keep the others from a small share", "[queue][windows]") {
    windows all({.window = 100, .total = 100});
    CHECK(all.admit(here, mail_for(here, 1, 150)).size() == 100);
    const auto quick = all.admit(there, mail_for(there, 1000, 50));
    CHECK(quick.size() == 20);
    for (std::size_t n = 0; n < 10; ++n) all.complete(quick[n]);
    const auto order = all.next_refill();
    REQUIRE(order);
    CHECK(order->hop == there);
    CHECK(order->limit == 10);
}

TEST_CASE("no more than a few refills run at a time", "[queue][windows]") {
    windows all({.window = 10, .total = 1000, .refills = 3});
    for (int n = 0; n < 10; ++n) all.on_disk({"outbound", "host" + std::to_string(n)});
    const auto one = all.next_refill();
    CHECK(one);
    CHECK(all.next_refill());
    CHECK(all.next_refill());
    CHECK_FALSE(all.next_refill());
    CHECK(all.filled(*one, {}).empty());
    CHECK(all.next_refill());
}
