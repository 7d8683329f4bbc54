#include "waypost/base/ascii.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

using namespace waypost::base;

TEST_CASE("only ASCII letters have a case", "[base][ascii]") {
    CHECK(to_lower("Mail.EXAMPLE.Org") == "mail.example.org");
    CHECK(to_lower("\xc3\x84[@`{") == "\xc3\x84[@`{");
    CHECK(to_upper('a') == 'A');
    CHECK(to_upper('@') == '@');
}

TEST_CASE("comparison without case wants the same length", "[base][ascii]") {
    CHECK(iequals("STARTTLS", "starttls"));
    CHECK(iequals("", ""));
    CHECK_FALSE(iequals("start", "starttls"));
    CHECK_FALSE(iequals("[", "{"));  // 0x20 apart, as letters of two cases are
    CHECK(istarts_with("Mail From:<>", "MAIL FROM:"));
    CHECK_FALSE(istarts_with("MAI", "MAIL"));
}

TEST_CASE("trim takes blanks and nothing else", "[base][ascii]") {
    CHECK(trim(" \t a b\t ") == "a b");
    CHECK(trim(" \t ").empty());
    CHECK(trim("\ra\n") == "\ra\n");
}

TEST_CASE("split keeps empty parts", "[base][ascii]") {
    CHECK(split("a,,b", ',') == std::vector<std::string_view>{"a", "", "b"});
    CHECK(split("", ',') == std::vector<std::string_view>{""});
    CHECK(split(",", ',') == std::vector<std::string_view>{"", ""});
}

TEST_CASE("every byte becomes printable ASCII, and no two the same", "[base][ascii]") {
    CHECK(printable("plain text") == "plain text");
    CHECK(printable("a\r\nb\\\x1b[31m\x7f\xc3\xa4") == "a\\x0d\\x0ab\\x5c\\x1b[31m\\x7f\\xc3\\xa4");
    CHECK(printable(std::string_view("\0", 1)) == "\\x00");
    std::vector<std::string> seen;
    for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        seen.push_back(printable(std::string_view(&c, 1)));
        CHECK(std::all_of(seen.back().begin(), seen.back().end(),
                          [](char shown) { return shown >= ' ' && shown <= '~'; }));
    }
    std::sort(seen.begin(), seen.end());
    CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
}

TEST_CASE("printable text never grows over its limit and is cut between two escapes", "[base][ascii]") {
    CHECK(printable("0123456789", 10) == "0123456789");
    CHECK(printable("0123456789a", 10) == "0123456...");
    CHECK(printable("012345\n\n\n", 10) == "012345...");
    CHECK(printable("abc", 2) == "..");
    CHECK(printable("abc", 0).empty());
    CHECK(printable(std::string(100'000, '\n')).size() <= 512);
}
