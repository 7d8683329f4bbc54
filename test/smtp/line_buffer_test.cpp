#include "waypost/smtp/line_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include <catch2/catch.hpp>

using namespace waypost::smtp;

namespace {

void feed(line_buffer& lines, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto room = lines.free_space();
        const std::size_t size = std::min(room.size(), bytes.size());
        std::memcpy(room.data(), bytes.data(), size);
        lines.filled(size);
        bytes.remove_prefix(size);
    }
}

// "whole:EHLO x|bare:|too_long:|"
std::string read_all(line_buffer& lines) {
    std::string all;
    for (line next = lines.next_line(); next.kind != line_kind::none; next = lines.next_line()) {
        switch (next.kind) {
            case line_kind::whole: all += "whole:" + std::string(next.text); break;
            case line_kind::bare: all += "bare:"; break;
            case line_kind::too_long: all += "too_long:"; break;
            case line_kind::none: break;
        }
        all += '|';
    }
    return all;
}

std::string read_in_pieces(std::string_view bytes, std::size_t longest, std::size_t piece) {
    line_buffer lines(64, longest);
    std::string all;
    for (std::size_t i = 0; i < bytes.size(); i += piece) {
        feed(lines, bytes.substr(i, piece));
        all += read_all(lines);
    }
    return all;
}

}  // namespace

TEST_CASE("lines end in CRLF and come without it", "[smtp][line_buffer]") {
    line_buffer lines(64, 32);
    feed(lines, "EHLO a\r\n\r\nQUIT");
    CHECK(read_all(lines) == "whole:EHLO a|whole:|");
    feed(lines, "\r");
    CHECK(read_all(lines).empty());
    feed(lines, "\n");
    CHECK(read_all(lines) == "whole:QUIT|");
}

TEST_CASE("a bare CR or LF makes a line a bad one, and the next line is a good one again", "[smtp][line_buffer]") {
    line_buffer lines(64, 32);
    feed(lines, "a\nb\rc\r\n\r\r\n\nd\r\n");
    CHECK(read_all(lines) == "bare:|bare:|bare:|bare:|whole:d|");
}

TEST_CASE("an over-long line is reported once, at its end, and the line behind it is whole", "[smtp][line_buffer]") {
    line_buffer lines(16, 8);
    feed(lines, "12345678\r\n");
    CHECK(read_all(lines) == "whole:12345678|");
    feed(lines, "123456789\r\n");
    CHECK(read_all(lines) == "too_long:|");
    for (int i = 0; i < 1000; ++i) {
        feed(lines, "12345678901");
        CHECK(lines.next_line().kind == line_kind::none);
    }
    CHECK(lines.discarded() == 11'000);
    CHECK(lines.pending().empty());
    feed(lines, "1\r\nQUIT\r\n");
    CHECK(read_all(lines) == "too_long:|whole:QUIT|");
    CHECK(lines.discarded() == 0);
}

TEST_CASE("audit 17: a line over the longest that ends in a bare LF or holds a bare CR is a bare one",
          "[smtp][line_buffer]") {
    const std::string text(20, 'x');
    for (std::size_t piece = 1; piece <= 30; ++piece) {
        CAPTURE(piece);
        CHECK(read_in_pieces(text + "\nQUIT\r\n", 8, piece) == "bare:|whole:QUIT|");
        CHECK(read_in_pieces(text + "\r" + text + "\r\nQUIT\r\n", 8, piece) == "bare:|whole:QUIT|");
        CHECK(read_in_pieces(text + "\r\r\nQUIT\r\n", 8, piece) == "bare:|whole:QUIT|");
        CHECK(read_in_pieces(text + "\r\nQUIT\r\n", 8, piece) == "too_long:|whole:QUIT|");
        CHECK(read_in_pieces(text + "\n" + text + "\r\nQUIT\r\n", 8, piece) == "bare:|too_long:|whole:QUIT|");
    }
}

TEST_CASE("what lines come out does not depend on how the bytes came in", "[smtp][line_buffer]") {
    std::mt19937 random(20260812);
    for (int round = 0; round < 500; ++round) {
        std::string bytes;
        for (int i = 0; i < 60; ++i) bytes += "aaaab\r\r\n\n"[random() % 9];
        bytes += "\r\n";
        const std::string at_once = read_in_pieces(bytes, 6, 64);
        for (const unsigned piece : {1U, 2U, 3U, 5U, 7U, 8U, 13U, 30U}) {
            CAPTURE(round, piece, bytes);
            CHECK(read_in_pieces(bytes, 6, piece) == at_once);
        }
    }
}

TEST_CASE("content that is no line is taken with pending() and consume()", "[smtp][line_buffer]") {
    line_buffer lines(64, 32);
    feed(lines, "DATA\r\nfoo\r\n.\r\nQUIT\r\n");
    CHECK(lines.next_line().text == "DATA");
    CHECK(lines.pending() == "foo\r\n.\r\nQUIT\r\n");
    lines.consume(8);
    CHECK(read_all(lines) == "whole:QUIT|");
    CHECK_THROWS_AS(lines.consume(1), std::logic_error);
}

TEST_CASE("clear forgets what is pending and an over-long line under way", "[smtp][line_buffer]") {
    line_buffer lines(16, 8);
    feed(lines, "MAIL FROM:<a@");
    CHECK(lines.next_line().kind == line_kind::none);
    lines.clear();
    CHECK(lines.discarded() == 0);
    feed(lines, "QUIT\r\n");
    CHECK(read_all(lines) == "whole:QUIT|");
}

TEST_CASE("there is room for a byte as long as lines are taken", "[smtp][line_buffer]") {
    line_buffer lines(1, 8);  // grows for a line that it cannot hold
    for (int i = 0; i < 100; ++i) {
        feed(lines, "1234567\r");
        feed(lines, "\n");
        CHECK(read_all(lines) == "whole:1234567|");
        CHECK_FALSE(lines.free_space().empty());
    }
    feed(lines, std::string(10, 'x'));
    CHECK_THROWS_AS(lines.free_space(), std::logic_error);
}

TEST_CASE("the memory for a long line is given back with it", "[smtp][line_buffer]") {
    line_buffer lines(16, 1000);
    for (int i = 0; i < 3; ++i) {
        CHECK(lines.free_space().size() == 16);
        feed(lines, std::string(1000, 'x') + "\r\n");
        CHECK(lines.next_line().text.size() == 1000);
        CHECK(lines.free_space().size() == 16);
        feed(lines, std::string(1002, 'x'));
        CHECK(lines.next_line().kind == line_kind::none);
        CHECK(lines.free_space().size() == 16);
        feed(lines, "\r\nQUIT\r\n");
        CHECK(read_all(lines) == "too_long:|whole:QUIT|");
    }
}
