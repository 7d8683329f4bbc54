#include "waypost/mail/masquerade.hpp"

#include <catch2/catch.hpp>

using namespace waypost;

namespace {

std::string through(std::string_view text, std::size_t piece = 1000) {
    mail::masquerade mask("ada@example.org");
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += piece) mask.feed(text.substr(i, piece), out);
    mask.end(out);
    return out;
}

}  // namespace

TEST_CASE("From is replaced by the sender, folded lines and all, and nothing else is", "[mail][masquerade]") {
    const std::string text =
        "Subject: From: x\r\nFROM : Somebody\r\n <else@example.net>\r\n\tand more\r\nFrom-Me: y\r\nFroms: z\r\n"
        "To: bob\r\n (folded)\r\n\r\nFrom: the body stays\r\n";
    const std::string changed =
        "Subject: From: x\r\nFrom: ada@example.org\r\nFrom-Me: y\r\nFroms: z\r\n"
        "To: bob\r\n (folded)\r\n\r\nFrom: the body stays\r\n";
    CHECK(through(text) == changed);
    for (std::size_t piece = 1; piece < text.size(); ++piece) CHECK(through(text, piece) == changed);
}

TEST_CASE("a message without From stays as it is", "[mail][masquerade]") {
    for (const std::string text :
         {"", "\r\n", "\r\nFrom: x\r\n", "Subject: x\r\n", "Subject: x\r\n\r\n", "Fro", "From", "From    ", "F\r\n\r\n",
          "no field at all\r\n\r\nFrom: x\r\n", "\rFrom: x\r\n", " From: x\r\n\r\n"}) {
        CAPTURE(text);
        CHECK(through(text) == text);
        CHECK(through(text, 1) == text);
    }
}

TEST_CASE("each of several From fields is replaced", "[mail][masquerade]") {
    CHECK(through("From: a\r\nFrom: b\r\n c\r\n\r\n") == "From: ada@example.org\r\nFrom: ada@example.org\r\n\r\n");
}

TEST_CASE("a From field that never ends is gone", "[mail][masquerade]") {
    CHECK(through("From: a") == "From: ada@example.org\r\n");
}
