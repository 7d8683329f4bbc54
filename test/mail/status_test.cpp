#include "waypost/mail/status.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace waypost::mail;

TEST_CASE("each class has its usual reply code", "[mail][status]") {
    CHECK(status::success("2.1.5", "ok").line() == "250 2.1.5 ok");
    CHECK(status::transient("4.4.3", "directory unavailable").line() == "451 4.4.3 directory unavailable");
    CHECK(status::permanent("5.1.1", "no such mailbox").line() == "550 5.1.1 no such mailbox");
    CHECK(status::of(421, "4.3.2", "going down").line() == "421 4.3.2 going down");
    CHECK(status::success("2.0.0", "").is_success());
    CHECK(status::transient("4.0.0", "").is_transient());
    CHECK(status::permanent("5.0.0", "").is_permanent());
    CHECK(status().is_success());
}

TEST_CASE("an enhanced code moves the text past itself, or leaves it alone", "[mail][status]") {
    std::string_view text = "5.7.26 not authenticated";
    CHECK(enhanced_code::parse(text) == enhanced_code{5, 7, 26});
    CHECK(text == " not authenticated");
    text = "2.0.0";
    CHECK(enhanced_code::parse(text) == enhanced_code{2, 0, 0});
    CHECK(text.empty());
    for (const char* none : {"", "5", "5.1", "5.1.", "5.1.x", "5..1", "3.1.1", "1.1.1", "0.0.0", "55.1.1", "5.1000.1",
                             "5.1.1000", "5.1.1x", "5.1.1.1", " 5.1.1", "-5.1.1", "5.1.1,"}) {
        INFO(none);
        text = none;
        CHECK(enhanced_code::parse(text) == enhanced_code{});
        CHECK(text == none);
    }
    CHECK(enhanced_code{}.text().empty());
    CHECK(enhanced_code{5, 7, 26}.text() == "5.7.26");
}

// Hostile input, class 45: the words of a server end up in logs, reports and queue rows.
TEST_CASE("a text is one line without control bytes, of bounded length", "[mail][status]") {
    CHECK(status::permanent("5.0.0", "a\r\n.\r\nRCPT TO:<b>\x1b\x7f").text() == "a  .  RCPT TO:<b>  ");
    CHECK(status::permanent("5.0.0", std::string_view("a\0b", 3)).text() == "a b");
    const std::string endless(1'000'000, 'x');
    CHECK(status::permanent("5.0.0", endless).text().size() == 1000);
    CHECK(status::permanent("5.0.0", endless).text().ends_with("x..."));
}

// Hostile input, class 44.
TEST_CASE("what is no reply code is tried again", "[mail][status]") {
    for (const int code : {999, 0, -1, 100, 199, 600, 1'000'000}) CHECK(status(code, {}, "what?").code() == 451);
    CHECK(status::of(354, "", "go on").code() == 354);
    CHECK_FALSE(status::of(354, "", "go on").is_success());
}

TEST_CASE("line() and from_line() are opposites", "[mail][status]") {
    for (const status& said :
         {status::permanent("5.1.1", "no such mailbox"), status::success("2.0.0", ""), status(250, {}, "ok"),
          status(550, {}, ""), status(550, {}, " leading"), status::transient("4.4.1", "  two"), status(),
          status(550, {4, 7, 1}, "classes differ")}) {
        INFO(said.line());
        CHECK(status::from_line(said.line()) == said);
    }
}

TEST_CASE("an unreadable line becomes a transient status with that text", "[mail][status]") {
    for (const char* line :
         {"", "hello", "25", "2500 ok", "250-ok", "250ok", "999 no", "099 no", " 250 ok", "-50 x", "550\tx"}) {
        INFO(line);
        CHECK(status::from_line(line) == status(451, {}, line));
    }
}
