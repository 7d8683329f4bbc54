#include "job_content.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "socket_pair.hpp"

using namespace waypost;
using delivery_worker::job_content;

namespace {

std::string converted(std::string_view text, std::size_t split) {
    bool after_cr = false;
    std::string out = delivery_worker::with_native_line_ends(text.substr(0, split), after_cr);
    out += delivery_worker::with_native_line_ends(text.substr(split), after_cr);
    return out;
}

std::string all_of(job_content& content) {
    std::string all;
    while (!content.at_end()) all += content.next().value();
    return all;
}

}  // namespace

TEST_CASE("lines end in LF in a mailbox", "[delivery_worker][job_content]") {
    CHECK(converted("a\r\nb\r\n", 0) == "a\nb\n");
    CHECK(converted("\r\n\r\n", 0) == "\n\n");
    CHECK(converted("", 0).empty());
    CHECK(converted("no end", 0) == "no end");
}

TEST_CASE("a CR or LF that is no part of a line end is kept", "[delivery_worker][job_content]") {
    CHECK(converted("a\rb\r\n", 0) == "a\rb\n");
    CHECK(converted("a\r\r\nb", 0) == "a\r\nb");
    CHECK(converted("a\nb\r\n", 0) == "a\nb\n");
    CHECK(delivery_worker::with_native_line_ends("a\r") == "a\r");
}

TEST_CASE("where a text is cut makes no difference to its line ends", "[delivery_worker][job_content]") {
    std::mt19937 random(5);
    for (int round = 0; round < 300; ++round) {
        std::string text(random() % 30, '\0');
        for (char& c : text) c = "\r\nx"[random() % 3];
        text += "x";
        const std::string whole = converted(text, 0);
        for (std::size_t split = 0; split <= text.size(); ++split) REQUIRE(converted(text, split) == whole);
    }
}

TEST_CASE("content ends where its size says, whatever follows", "[delivery_worker][job_content]") {
    test::socket_pair wire;
    wire.send("a\r\n\r\nb\rthe next job");
    job_content content(wire.near(), 7);
    CHECK(all_of(content) == "a\n\nb\r");
    CHECK(wire.read(12) == "the next job");
}

TEST_CASE("content that is cut short is an error", "[delivery_worker][job_content]") {
    test::socket_pair wire;
    wire.send("half");
    wire.hang_up();
    job_content content(wire.near(), 5);
    SECTION("to who reads it") {
        CHECK(content.next().has_value());
        CHECK_FALSE(content.at_end());
        CHECK(content.next().has_error());
    }
    SECTION("to who throws it away") { CHECK(content.drain().has_error()); }
    SECTION("to who looks for its header") { CHECK(content.peek_header(100).has_error()); }
}

TEST_CASE("the header may be looked at and is there still", "[delivery_worker][job_content]") {
    test::socket_pair wire;
    const std::string body(100'000, 'x');
    wire.send_aside("A: 1\r\n\r\n" + body);
    job_content content(wire.near(), 8 + body.size());
    CHECK(content.peek_header(65536)->starts_with("A: 1\n\n"));
    CHECK(all_of(content) == "A: 1\n\n" + body);
}

TEST_CASE("no more of a header is looked at than asked for", "[delivery_worker][job_content]") {
    test::socket_pair wire;
    const std::string text(300'000, 'x');
    wire.send_aside(text);
    job_content content(wire.near(), text.size());
    CHECK(content.peek_header(70'000)->size() == 70'000);
    SECTION("and it is there still") { CHECK(all_of(content) == text); }
    SECTION("and goes with the rest") {
        CHECK(content.drain().has_value());
        CHECK(content.at_end());
    }
}

TEST_CASE("no content at all is at its end", "[delivery_worker][job_content]") {
    test::socket_pair wire;
    job_content content(wire.near(), 0);
    CHECK(content.at_end());
    CHECK(content.peek_header(100)->empty());
    CHECK(content.drain().has_value());
}
