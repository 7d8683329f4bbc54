#include "waypost/base/utf8.hpp"

#include <catch2/catch.hpp>

using waypost::base::first_character;

TEST_CASE("the first character of UTF-8 is read with its length", "[base][utf8]") {
    const auto is = [](std::string_view bytes, char32_t value, std::size_t octets) {
        const auto read = first_character(bytes);
        return read && read->value == value && read->octets == octets;
    };
    CHECK(is("ab", U'a', 1));
    CHECK(is(std::string_view("\0b", 2), 0, 1));
    CHECK(is("\xc2\x80", 0x80, 2));
    CHECK(is("\xdf\xbfx", 0x7ff, 2));
    CHECK(is("\xe0\xa0\x80", 0x800, 3));
    CHECK(is("\xed\x9f\xbf", 0xd7ff, 3));
    CHECK(is("\xee\x80\x80", 0xe000, 3));
    CHECK(is("\xf0\x90\x80\x80", 0x10000, 4));
    CHECK(is("\xf4\x8f\xbf\xbf", 0x10ffff, 4));
}

TEST_CASE("bytes that are not UTF-8 are no character", "[base][utf8]") {
    for (const std::string_view bytes :
         {"", "\x80", "\xbf", "\xc3", "\xc3(", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff"}) {
        CHECK_FALSE(first_character(bytes));
    }
}
