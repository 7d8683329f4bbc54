#include "loop_detector.hpp"

#include <catch2/catch.hpp>
#include <random>

using waypost::delivery::loop_detector;

namespace {

bool goes_round(std::string_view text, std::size_t piece = 1000, const std::string& address = "ada@example.org") {
    loop_detector search(address);
    for (std::size_t at = 0; at < text.size(); at += piece) {
        if (!search.feed(text.substr(at, piece))) break;
    }
    return search.found();
}

}  // namespace

TEST_CASE("a message that was delivered to this address is known by its field", "[delivery][loop_detector]") {
    CHECK(goes_round("Delivered-To: ada@example.org\r\n\r\n"));
    CHECK(goes_round("Subject: x\r\nDELIVERED-TO:ada@EXAMPLE.org  \r\n\r\nbody"));
    CHECK(goes_round("Delivered-To: eve@example.org\nDelivered-To: \t ada@example.org\n\n"));
}

TEST_CASE("what was delivered to another address goes on", "[delivery][loop_detector]") {
    CHECK_FALSE(goes_round("Delivered-To: ada@example.org.evil\r\n\r\n"));
    CHECK_FALSE(goes_round("Delivered-To: xada@example.org\r\n\r\n"));
    CHECK_FALSE(goes_round("X-Delivered-To: ada@example.org\r\n\r\n"));
    CHECK_FALSE(goes_round("Delivered-To:\r\n ada@example.org\r\n\r\n"));
    CHECK_FALSE(goes_round(""));
}

TEST_CASE("what looks like the field in a body is none", "[delivery][loop_detector]") {
    CHECK_FALSE(goes_round("Subject: x\r\n\r\nDelivered-To: ada@example.org\r\n"));
    CHECK_FALSE(goes_round("\nDelivered-To: ada@example.org\n"));
}

TEST_CASE("a line without end is not kept, nor taken for the field by its end", "[delivery][loop_detector]") {
    CHECK_FALSE(goes_round("Delivered-To: ada@example.org" + std::string(1'000'000, ' ') + "x\r\n\r\n"));
    CHECK_FALSE(goes_round(std::string(1'000'000, 'x') + "Delivered-To: ada@example.org\r\n\r\n"));
    CHECK(goes_round("X: " + std::string(1'000'000, 'x') + "\r\nDelivered-To: ada@example.org\r\n\r\n"));
}

TEST_CASE("where a header section is cut makes no difference to what is found", "[delivery][loop_detector]") {
    const std::string text = "Received: from a\r\n\tby b\r\nDelivered-To: ada@example.org\r\n\r\nbody\r\n";
    for (std::size_t piece = 1; piece < text.size(); ++piece) CHECK(goes_round(text, piece));
}
