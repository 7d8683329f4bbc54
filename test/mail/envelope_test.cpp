#include "waypost/mail/envelope.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace waypost::mail;

TEST_CASE("NOTIFY is read in any order and case and written in one", "[mail][envelope]") {
    CHECK(to_text(*notify_from_text("delay,Success,FAILURE")) == "SUCCESS,FAILURE,DELAY");
    CHECK(to_text(*notify_from_text("never")) == "NEVER");
    CHECK(to_text(*notify_from_text("")).empty());
    CHECK(notify_from_text("") == dsn_notify{});
    CHECK(notify_from_text("SUCCESS,SUCCESS") == notify_from_text("SUCCESS"));
    CHECK(notify_from_text("FAILURE")->failure);
    CHECK_FALSE(notify_from_text("FAILURE")->delay);
}

TEST_CASE("NOTIFY of anything else is refused", "[mail][envelope]") {
    for (const char* text : {"NEVER,SUCCESS", "SUCCESS,NEVER", ",", "SUCCESS,", ",SUCCESS", "SUCCESS FAILURE",
                             "SUCCESS, FAILURE", "ALWAYS", "SUCCESSX"}) {
        INFO(text);
        CHECK_FALSE(notify_from_text(text).has_value());
    }
}

TEST_CASE("xtext gives printable text back", "[mail][envelope]") {
    CHECK(xtext_encode("a+b=c d@x") == "a+2Bb+3Dc+20d@x");
    CHECK(xtext_decode("a+2Bb+3Dc+20d@x") == "a+b=c d@x");
    CHECK(xtext_decode("") == "");
    std::string all;
    for (char c = ' '; c <= '~'; ++c) all += c;
    CHECK(xtext_decode(xtext_encode(all)) == all);
    CHECK(xtext_encode(std::string_view("\0\n\xff", 3)) == "+00+0A+FF");
}

// Hostile input, class 16.
TEST_CASE("xtext that is none, or that hides a control byte, is refused", "[mail][envelope]") {
    for (const char* text :
         {"+",   "+0",  "a+",  "a+4", "+00",  "+0A",  "+0D", "+7F", "+1B",  "+80",    "+FF",      "+C3+A4",
          "+2b", "+3d", "+G0", "+0G", "+ 20", "++2B", "a b", "a=b", "a\tb", "a\r\nb", "\xc3\xa4", "+-1"}) {
        INFO(text);
        CHECK_FALSE(xtext_decode(text).has_value());
    }
    CHECK_FALSE(xtext_decode(std::string_view("a\0b", 3)).has_value());
    CHECK_FALSE(xtext_decode(std::string_view("+2\0", 3)).has_value());
}
