#include "waypost/base/encoding.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

using namespace waypost::base;

TEST_CASE("base64 follows the examples of RFC 4648 section 10", "[base][encoding]") {
    const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                            {"f", "Zg=="},
                                                            {"fo", "Zm8="},
                                                            {"foo", "Zm9v"},
                                                            {"foob", "Zm9vYg=="},
                                                            {"fooba", "Zm9vYmE="},
                                                            {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : examples) {
        CHECK(base64_encode(bytes) == text);
        CHECK(base64_decode(text) == bytes);
    }
}

TEST_CASE("base64 gives any bytes back", "[base][encoding]") {
    std::mt19937 random(1);
    for (std::size_t length = 0; length < 300; ++length) {
        std::string bytes(length, '\0');
        for (char& c : bytes) c = static_cast<char>(random());
        CHECK(base64_decode(base64_encode(bytes)) == bytes);
    }
}

// Hostile input, class 38.
TEST_CASE("base64 that is not exactly that is refused", "[base][encoding]") {
    for (const char* text :
         {"Z", "Zg", "Zg=", "Zm8", "====", "=", "==", "Zg==Zg==", "Z===", "Zm9v ", " Zm9v", "Zm9v\r\n", "Zm=v", "Zm-_",
          "Zh==",  // stray bits
          "Zm9=", "*"}) {
        INFO(text);
        CHECK_FALSE(base64_decode(text).has_value());
    }
    CHECK_FALSE(base64_decode(std::string_view("Zm9\0", 4)).has_value());
    CHECK_FALSE(base64_decode(std::string(10'000'001, 'A')).has_value());
    CHECK(base64_decode(std::string(10'000'000, 'A'))->size() == 7'500'000);
}

TEST_CASE("hexadecimal numbers are lower-case and padded", "[base][encoding]") {
    CHECK(hex(0xBEEF) == "000000000000beef");
    CHECK(hex(0xBEEF, 6) == "00beef");
    CHECK(hex(0xBEEF, 2) == "beef");
    CHECK(hex(0, 0) == "0");
    CHECK(hex(std::numeric_limits<std::uint64_t>::max()) == "ffffffffffffffff");
    CHECK(from_hex("00beEF") == 0xBEEFU);
    CHECK(from_hex("ffffffffffffffff") == std::numeric_limits<std::uint64_t>::max());
    for (const char* text : {"", "0x1", "-1", "+1", " 1", "1 ", "g", "10000000000000000"})
        CHECK_FALSE(from_hex(text).has_value());
}

// Hostile input, class 15.
TEST_CASE("a number has no sign, no blank and does not overflow", "[base][encoding]") {
    CHECK(parse_number("0") == 0U);
    CHECK(parse_number("0042") == 42U);
    CHECK(parse_number("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
    for (const char* text :
         {"", "18446744073709551616", "-1", "+1", " 1", "1 ", "1e3", "0x10", "1.", "99999999999999999999999"}) {
        INFO(text);
        CHECK_FALSE(parse_number(text).has_value());
    }
    CHECK_FALSE(parse_number(std::string_view("1\0", 2)).has_value());
}
