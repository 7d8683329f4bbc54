#include "waypost/net/endpoint.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace waypost::net;

namespace {

address ip(const char* text) { return boost::asio::ip::make_address(text); }

bool contains(const char* network, const char* text) {
    const auto parsed = cidr::parse(network);
    REQUIRE(parsed);
    return parsed->contains(ip(text));
}

}  // namespace

TEST_CASE("an address is read with or without brackets", "[net][endpoint]") {
    CHECK(parse_address("192.0.2.1") == ip("192.0.2.1"));
    CHECK(parse_address("[192.0.2.1]") == ip("192.0.2.1"));
    CHECK(parse_address("2001:DB8::1") == ip("2001:db8::1"));
    CHECK(parse_address("[2001:db8::1]") == ip("2001:db8::1"));
    CHECK(parse_address("::") == ip("::"));
    CHECK(parse_address("255.255.255.255") == ip("255.255.255.255"));
}

TEST_CASE("an IPv4 address in an IPv6 one is the IPv4 address", "[net][endpoint]") {
    CHECK(parse_address("::ffff:192.0.2.1") == ip("192.0.2.1"));
    CHECK(parse_address("[::ffff:c000:201]") == ip("192.0.2.1"));
    CHECK(unmapped(ip("::ffff:192.0.2.1")) == ip("192.0.2.1"));
    CHECK(unmapped(ip("2001:db8::1")) == ip("2001:db8::1"));
    CHECK(unmapped(ip("192.0.2.1")) == ip("192.0.2.1"));
}

TEST_CASE("what is no address is refused", "[net][endpoint]") {
    using namespace std::string_view_literals;
    for (const std::string_view bad : {""sv,
                                       "[]"sv,
                                       "["sv,
                                       "]"sv,
                                       "[192.0.2.1"sv,
                                       "192.0.2.1]"sv,
                                       "192.0.2"sv,
                                       "192.0.2.256"sv,
                                       "192.0.2.1.1"sv,
                                       "192.0.2.1 "sv,
                                       " 192.0.2.1"sv,
                                       "0x7f.0.0.1"sv,
                                       "example.org"sv,
                                       "2001:db8::1::2"sv,
                                       ":::"sv,
                                       "12345::"sv,
                                       "IPv6:2001:db8::1"sv,
                                       "192.0.2.1:25"sv,
                                       "[::1]:25"sv,
                                       "[[::1]]"sv,
                                       "192.0.2.1/24"sv,
                                       "*"sv}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_address(bad));
    }
}

TEST_CASE("bytes behind a NUL do not hide behind an address", "[net][endpoint]") {
    using namespace std::string_view_literals;
    CHECK_FALSE(parse_address("192.0.2.1\0.evil.example"sv));
    CHECK_FALSE(cidr::parse("192.0.2.0\0/24"sv));
}

TEST_CASE("an address literal says IPv6 where RFC 5321 wants it", "[net][endpoint]") {
    CHECK(address_literal(ip("192.0.2.1")) == "192.0.2.1");
    CHECK(address_literal(ip("2001:db8::1")) == "IPv6:2001:db8::1");
}

TEST_CASE("an endpoint in text has brackets around IPv6", "[net][endpoint]") {
    CHECK(to_string(endpoint{ip("192.0.2.1"), 25}) == "192.0.2.1:25");
    CHECK(to_string(endpoint{ip("::1"), 587}) == "[::1]:587");
}

TEST_CASE("a network holds the addresses with its prefix and no others", "[net][endpoint]") {
    CHECK(contains("192.0.2.0/24", "192.0.2.255"));
    CHECK_FALSE(contains("192.0.2.0/24", "192.0.3.0"));
    CHECK(contains("10.1.2.3/8", "10.255.0.1"));  // host bits do not matter
    CHECK(contains("192.0.2.128/25", "192.0.2.129"));
    CHECK_FALSE(contains("192.0.2.128/25", "192.0.2.127"));
    CHECK(contains("0.0.0.0/0", "203.0.113.9"));
    CHECK(contains("2001:db8::/33", "2001:db8:7fff::1"));
    CHECK_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
    CHECK(contains("::/0", "2001:db8::1"));
    CHECK(contains("[2001:db8::]/32", "2001:db8::1"));
}

TEST_CASE("a bare address is a network of one", "[net][endpoint]") {
    CHECK(contains("192.0.2.1", "192.0.2.1"));
    CHECK_FALSE(contains("192.0.2.1", "192.0.2.2"));
    CHECK(contains("2001:db8::1", "2001:db8::1"));
    CHECK_FALSE(contains("2001:db8::1", "2001:db8::2"));
}

TEST_CASE("a client with a mapped IPv4 address is found in IPv4 networks", "[net][endpoint]") {
    CHECK(contains("192.0.2.0/24", "::ffff:192.0.2.7"));
    CHECK_FALSE(contains("::/0", "::ffff:192.0.2.7"));
    CHECK(contains("::ffff:192.0.2.7", "192.0.2.7"));
}

TEST_CASE("the families do not meet in a network", "[net][endpoint]") {
    CHECK_FALSE(contains("::/0", "192.0.2.1"));
    CHECK_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
}

TEST_CASE("what is no network is refused", "[net][endpoint]") {
    for (const char* bad : {"", "/", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8",
                            "192.0.2.0/ 8", "192.0.2.0/24/24", "192.0.2.0/255.255.255.0", "2001:db8::/129",
                            "192.0.2.0/99999999999999999999", "example.org/24", "192.0.2/24"}) {
        CAPTURE(bad);
        CHECK_FALSE(cidr::parse(bad));
    }
}

TEST_CASE("a prefix of any length decides exactly by its bits", "[net][endpoint]") {
    std::mt19937 random(1);
    const auto v4 = [&random] { return boost::asio::ip::make_address_v4(static_cast<std::uint32_t>(random())); };
    for (int round = 0; round < 2000; ++round) {
        const auto network = v4();
        const unsigned bits = random() % 33;
        // Half of the addresses share a random number of bits with the network.
        auto other = v4();
        const unsigned shared = random() % 33;
        const std::uint32_t mask = shared == 0 ? 0 : 0xffffffffU << (32 - shared);
        other = boost::asio::ip::make_address_v4((network.to_uint() & mask) | (other.to_uint() & ~mask));
        const std::uint32_t deciding = bits == 0 ? 0 : 0xffffffffU << (32 - bits);
        const bool same = ((network.to_uint() ^ other.to_uint()) & deciding) == 0;
        const auto parsed = cidr::parse(network.to_string() + "/" + std::to_string(bits));
        REQUIRE(parsed);
        CHECK(parsed->contains(other) == same);
    }
}
