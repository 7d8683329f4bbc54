#include "waypost/delivery_worker/job.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace waypost;
using delivery_worker::job;
using delivery_worker::job_answer;

namespace {

std::string random_octets(std::mt19937& random, std::size_t most) {
    std::string octets(random() % (most + 1), '\0');
    for (char& c : octets) c = static_cast<char>(random());
    return octets;
}

job full_job() {
    return {.operation = job::kind::run,
            .path = "/home/ada/Maildir",
            .home = "/home/ada",
            .name = "1.host",
            .extension = "lists",
            .junk = true,
            .may_be_repeat = true,
            .head = "Return-Path: <>\r\n",
            .sender = "bob@example.net",
            .arguments = {"/usr/bin/true", "", "two words"},
            .environment = {"HOME=/home/ada"},
            .time = std::chrono::seconds(17),
            .most = 4096,
            .is_forward = true,
            .size = 1ULL << 40U};
}

void check_same(const job& a, const job& b) {
    CHECK(a.operation == b.operation);
    CHECK(a.path == b.path);
    CHECK(a.home == b.home);
    CHECK(a.name == b.name);
    CHECK(a.extension == b.extension);
    CHECK(a.junk == b.junk);
    CHECK(a.may_be_repeat == b.may_be_repeat);
    CHECK(a.head == b.head);
    CHECK(a.sender == b.sender);
    CHECK(a.arguments == b.arguments);
    CHECK(a.environment == b.environment);
    CHECK(a.time == b.time);
    CHECK(a.most == b.most);
    CHECK(a.is_forward == b.is_forward);
    CHECK(a.size == b.size);
}

}  // namespace

TEST_CASE("a job comes back as it was, field by field", "[delivery_worker][job]") {
    for (const job& each : {job(), full_job()}) {
        const auto back = delivery_worker::decode_job(encode(each));
        REQUIRE(back);
        check_same(*back, each);
    }
}

TEST_CASE("the strings of a job may hold any octets", "[delivery_worker][job]") {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        job each = full_job();
        each.path = random_octets(random, 300);
        each.head = random_octets(random, 70'000);
        for (std::string& argument : each.arguments) argument = random_octets(random, 30);
        const auto back = delivery_worker::decode_job(encode(each));
        REQUIRE(back);
        check_same(*back, each);
    }
}

TEST_CASE("an answer comes back as it was", "[delivery_worker][job]") {
    for (const auto& said : {delivery_worker::job_status::success("2.0.0", "Delivered"),
                             delivery_worker::job_status::transient("4.2.2", "full"),
                             delivery_worker::job_status::permanent("5.3.0", "no"), delivery_worker::job_status()}) {
        const auto back = delivery_worker::decode_answer(encode(job_answer{said, false, 12}));
        REQUIRE(back);
        CHECK(back->status == said);
        CHECK_FALSE(back->is_there);
        CHECK(back->size == 12);
    }
}

TEST_CASE("an answer with a result that nobody knows is refused", "[delivery_worker][job]") {
    std::string octets = encode(job_answer());
    for (const char first : {'\x03', '\x17', '\xf5', '\x41'}) {
        octets.front() = first;
        CHECK_FALSE(delivery_worker::decode_answer(octets));
    }
}

TEST_CASE("a frame that is cut short or too long is refused", "[delivery_worker][job]") {
    const std::string whole = encode(full_job());
    for (std::size_t size = 0; size < whole.size(); ++size)
        REQUIRE_FALSE(delivery_worker::decode_job(whole.substr(0, size)));
    CHECK_FALSE(delivery_worker::decode_job(whole + '\0'));
    const std::string answer = encode(job_answer());
    for (std::size_t size = 0; size < answer.size(); ++size)
        REQUIRE_FALSE(delivery_worker::decode_answer(answer.substr(0, size)));
}

TEST_CASE("a kind of job that nobody knows is refused", "[delivery_worker][job]") {
    std::string octets = encode(job());
    for (const char first : {'\x04', '\x17', '\xf5', '\x41'}) {
        octets.front() = first;
        CHECK_FALSE(delivery_worker::decode_job(octets));
    }
}

TEST_CASE("octets that nest without end are refused, not followed", "[delivery_worker][job]") {
    for (const char c : {'\x7f', '\x5f', '\x81', '\x9f', '\xc1', '\xa1', '\xbf'}) {
        CHECK_FALSE(delivery_worker::decode_job(std::string(delivery_worker::largest_frame, c)));
        CHECK_FALSE(delivery_worker::decode_answer(std::string(delivery_worker::largest_frame, c)));
    }
}

TEST_CASE("a length that lies costs no memory", "[delivery_worker][job]") {
    const std::string huge = "\x5b\xff\xff\xff\xff\xff\xff\xff\xff";  // a string of 2^64-1 octets
    CHECK_FALSE(delivery_worker::decode_answer(huge));
    std::string octets = encode(full_job());
    const std::size_t list = octets.find("\x83M/usr/bin/true");  // three arguments
    REQUIRE(list != std::string::npos);
    octets.replace(list, 1, "\x9b\xff\xff\xff\xff\xff\xff\xff\xff");
    CHECK_FALSE(delivery_worker::decode_job(octets));
}

TEST_CASE("octets at random are a job or refused, and never more than that", "[delivery_worker][job]") {
    std::mt19937 random(11);
    const std::string good = encode(full_job());
    for (int round = 0; round < 20'000; ++round) {
        std::string octets = round % 2 == 0 ? good : random_octets(random, 200);
        for (unsigned i = random() % 4; i > 0 && !octets.empty(); --i)
            octets[random() % octets.size()] = static_cast<char>(random());
        if (const auto read = delivery_worker::decode_job(octets))
            CHECK(delivery_worker::decode_job(encode(*read)).has_value());
        if (const auto read = delivery_worker::decode_answer(octets))
            CHECK(delivery_worker::decode_answer(encode(*read)).has_value());
    }
}

TEST_CASE("a frame says its length, up to a limit", "[delivery_worker][job]") {
    const std::string frame = delivery_worker::frame_of(std::string(70'000, 'x'));
    CHECK(frame.size() == 70'004);
    CHECK(delivery_worker::frame_size(frame.substr(0, 4)) == 70'000);
    CHECK(delivery_worker::frame_size({"\0\x10\0\0", 4}) == delivery_worker::largest_frame);
    CHECK_FALSE(delivery_worker::frame_size({"\0\x10\0\1", 4}));
    CHECK_FALSE(delivery_worker::frame_size("\xff\xff\xff\xff"));
    CHECK_FALSE(delivery_worker::frame_size("\x01"));
}
