// Bare LFs in content: line ends as smtplib, curl and scripts send them, and no way to a second message, here or at the
// next host.
#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "waypost/smtp/content_codec.hpp"

using namespace waypost::smtp;
using namespace std::string_literals;
using fault = content_decoder::fault;

namespace {

using cuts = std::vector<std::size_t>;

struct outcome {
    bool ended = false;
    fault refusal = fault::none;
    std::string content;  // empty after a fault
    std::string rest;
    std::string wire;  // what the next host gets, if the message was accepted
    friend bool operator==(const outcome&, const outcome&) = default;
};

std::string shown(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        text += c == '\r' ? "<CR>" : c == '\n' ? "<LF>" : c == '\0' ? "<NUL>" : std::string(1, c);
    }
    return text;
}
std::ostream& operator<<(std::ostream& out, const outcome& result) {
    return out << (result.ended ? "ended" : "open") << " fault " << static_cast<int>(result.refusal) << " content '"
               << shown(result.content) << "' rest '" << shown(result.rest) << "' wire '" << shown(result.wire) << "'";
}

void send_on(content_encoder& encoder, std::string_view piece, std::string& wire) {
    if (encoder.passes(piece)) {
        wire += piece;
        encoder.passed(piece);
    } else {
        encoder.encode(piece, wire);
    }
}

// Content in, split at `places`, and out again in the pieces that the decoder made of it.
outcome pass_on(std::string_view all, bare_line_feed setting, const cuts& places = {},
                std::size_t longest_line = content_decoder::default_longest_line) {
    content_decoder decoder(1U << 30, longest_line, setting);
    content_encoder encoder;
    outcome result;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= places.size() && !result.ended; ++i) {
        const std::size_t end = i < places.size() ? places[i] : all.size();
        const std::string copy(all.substr(begin, end - begin));
        std::string_view input = copy;
        result.ended = decoder.decode(input, [&](std::string_view piece) {
            result.content += piece;
            send_on(encoder, piece, result.wire);
        });
        begin = end - input.size();
    }
    result.refusal = decoder.found();
    result.rest = result.ended ? all.substr(begin) : "";
    result.wire += encoder.end();
    if (result.refusal != fault::none) {
        result.content.clear();
    } else {
        CHECK(result.content.size() == decoder.bytes());
    }
    if (!result.ended || result.refusal != fault::none) result.wire.clear();
    return result;
}

cuts every_octet(std::string_view text) {
    cuts places;
    for (std::size_t i = 1; i < text.size(); ++i) places.push_back(i);
    return places;
}

// The result of every way to split into three, and into single octets, which must be one and the same.
outcome pass_on_every_way(const std::string& all, bare_line_feed setting = bare_line_feed::normalize) {
    const outcome at_once = pass_on(all, setting);
    CAPTURE(shown(all));
    CHECK(pass_on(all, setting, every_octet(all)) == at_once);
    for (std::size_t i = 0; i <= all.size(); ++i) {
        for (std::size_t j = i; j <= all.size(); ++j) {
            const outcome split = pass_on(all, setting, {i, j});
            if (!(split == at_once)) CHECK(split == at_once);
        }
    }
    return at_once;
}

// Servers take, or took, all of these for ends of lines, and a lone dot between any two of them for the end of content.
constexpr std::array line_ends = {std::string_view("\r\n"),      std::string_view("\n"),
                                  std::string_view("\r"),        std::string_view("\r\r\n"),
                                  std::string_view("\n\r"),      std::string_view("\r\0\n", 3),
                                  std::string_view("\0\r\n", 3), std::string_view("\r\n\0", 3)};

// True if the first end that any such server sees is the true one, at the very end of what was sent.
bool is_one_message_everywhere(const std::string& wire) {
    if (!("\r\n" + wire).ends_with("\r\n.\r\n")) return false;
    const std::string line_before = "\r\n" + wire;  // the DATA command's
    for (const std::string_view before : line_ends) {
        for (const std::string_view behind : line_ends) {
            const std::string end = std::string(before) + "." + std::string(behind);
            const auto place = line_before.find(end);
            if (place != std::string::npos && place + end.size() + 1 < line_before.size()) return false;
        }
    }
    return true;
}

// What normalize means, written down a second time and slowly; for octets without CR that is not followed by LF.
outcome by_the_book(const std::string& all) {
    outcome result;
    std::string line;
    bool after_good_end = true;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i] != '\n') {
            line += all[i];
            continue;
        }
        const bool good_end = line.ends_with('\r');
        if (good_end) line.pop_back();
        if (line == "." && after_good_end && good_end) {
            result.ended = true;
            result.rest = all.substr(i + 1);
            break;
        }
        if (line.starts_with('.') && line != ".") line.erase(0, 1);
        result.content += line + "\r\n";
        line.clear();
        after_good_end = good_end;
    }
    return result;
}

}  // namespace

TEST_CASE("a bare line feed in content is a line end and leaves as CRLF", "[smtp][bare_line_feed]") {
    const outcome text = pass_on_every_way("Subject: x\n\nhello\n\nmixed\r\nend\r\n.\r\nQUIT\r\n");
    CHECK(text.ended);
    CHECK(text.refusal == fault::none);
    CHECK(text.content == "Subject: x\r\n\r\nhello\r\n\r\nmixed\r\nend\r\n");
    CHECK(text.wire == text.content + ".\r\n");
    CHECK(text.rest == "QUIT\r\n");
    CHECK(has_only_crlf(text.content));
}

TEST_CASE("a dot behind a bare line feed is stuffing like any other", "[smtp][bare_line_feed]") {
    CHECK(pass_on_every_way("..a\n..b\r\n..\nc\n...\n.d\r\n.\r\n").content == ".a\r\n.b\r\n.\r\nc\r\n..\r\nd\r\n");
}

TEST_CASE("a lone dot beside a bare line feed is content and is stuffed on the way out", "[smtp][bare_line_feed]") {
    for (const std::string& sequence : {"\n.\n"s, "\n.\r\n"s, "\r\n.\n"s}) {
        CAPTURE(shown(sequence));
        const outcome text = pass_on_every_way("one" + sequence + "MAIL FROM:<eve@example.net>\r\n.\r\nQUIT\r\n");
        CHECK(text.ended);
        CHECK(text.refusal == fault::none);
        CHECK(text.content == "one\r\n.\r\nMAIL FROM:<eve@example.net>\r\n");
        CHECK(text.wire == "one\r\n..\r\nMAIL FROM:<eve@example.net>\r\n.\r\n");
        CHECK(text.rest == "QUIT\r\n");
    }
    CHECK(pass_on_every_way(".\n.\n.\r\nx\r\n.\r\n").content == ".\r\n.\r\n.\r\nx\r\n");
    // the CRLF behind a dot that ended nothing is a good line end
    CHECK(pass_on_every_way("a\n.\r\n.\r\nQUIT\r\n").content == "a\r\n.\r\n");
}

TEST_CASE("a listener that refuses bare line feeds refuses each of them", "[smtp][bare_line_feed]") {
    for (const std::string& text : {"a\nb\r\n.\r\n"s, "\n\r\n.\r\n"s, "a\r\n.\n\r\n.\r\n"s, "a\n.\r\n\r\n.\r\n"s}) {
        CAPTURE(shown(text));
        const outcome refused = pass_on_every_way(text, bare_line_feed::refuse);
        CHECK(refused.ended);
        CHECK(refused.refusal == fault::bare_line_end);
    }
}

TEST_CASE("bare CR and NUL are refused whatever a bare line feed is", "[smtp][bare_line_feed]") {
    for (const bare_line_feed setting : {bare_line_feed::normalize, bare_line_feed::refuse}) {
        for (const std::string& text : {"a\rb\r\n"s, "a\r\r\n"s, "a\n\rb\r\n"s, ".\rx\r\n"s, "a\n.\r\r\n"s}) {
            CAPTURE(shown(text));
            CHECK(pass_on_every_way(text + "\r\n.\r\n", setting).refusal == fault::bare_line_end);
        }
        CHECK(pass_on_every_way("a\0\r\n.\r\n"s, setting).refusal == fault::nul_byte);
    }
}

TEST_CASE("lines that end in a bare line feed have the same longest length", "[smtp][bare_line_feed]") {
    const auto refusal_of = [](std::size_t length, const cuts& places) {
        const std::string line = std::string(length, 'x') + "\n";
        return pass_on(line + line + ".x" + line.substr(2) + "\r\n.\r\n", bare_line_feed::normalize, places, 100)
            .refusal;
    };
    for (const cuts& places : {cuts{}, cuts{100}, cuts{101}, every_octet(std::string(300, 'x'))}) {
        CHECK(refusal_of(100, places) == fault::none);
        CHECK(refusal_of(101, places) == fault::line_too_long);
    }
}

TEST_CASE("a size limit counts what is stored", "[smtp][bare_line_feed]") {
    for (const std::size_t limit : {9U, 8U}) {
        content_decoder decoder(limit);
        std::string_view input = "\n\n\n.\n\r\n.\r\n";  // stored: 3 x CRLF, ".", 2 x CRLF
        CHECK(decoder.decode(input, [](std::string_view) {}));
        CHECK(decoder.bytes() == 11);
        CHECK(decoder.found() == fault::too_big);
    }
    content_decoder decoder(11);
    std::string_view input = "\n\n\n.\n\r\n.\r\n";
    CHECK(decoder.decode(input, [](std::string_view) {}));
    CHECK(decoder.found() == fault::none);
}

TEST_CASE("content that ends in a bare line feed and a dot is only waited for", "[smtp][bare_line_feed]") {
    content_decoder decoder(1000);
    std::string_view input = "a\n.\n";
    CHECK_FALSE(decoder.decode(input, [](std::string_view) {}));
    CHECK_FALSE(decoder.seems_ended());
}

TEST_CASE("no smuggling sequence makes a second message, here or at any next host", "[smtp][bare_line_feed]") {
    for (const bare_line_feed setting : {bare_line_feed::normalize, bare_line_feed::refuse}) {
        for (const std::string_view before : line_ends) {
            for (const std::string_view behind : line_ends) {
                if (before == "\r\n" && behind.starts_with("\r\n")) continue;  // the true end
                if (before == "\0\r\n"s && behind.starts_with("\r\n")) continue;
                const std::string sequence = std::string(before) + "." + std::string(behind);
                const outcome result =
                    pass_on_every_way("x" + sequence + "MAIL FROM:<e@x>\r\nDATA\r\n\r\n.\r\nQUIT\r\n", setting);
                CAPTURE(shown(sequence));
                CHECK(result.ended);
                CHECK(result.rest == "QUIT\r\n");
                CHECK((result.wire.empty() || is_one_message_everywhere(result.wire)));
                CHECK(result.wire.empty() == (result.refusal != fault::none));
            }
        }
    }
}

TEST_CASE("whatever comes in goes out as one message to every next host", "[smtp][bare_line_feed]") {
    std::mt19937 random(20261128);
    const std::vector<std::string> words = {"\r", "\n", "\r\n", "\n", ".", ".", "\0"s, "x", "MAIL", "\x80"};
    for (int round = 0; round < 40'000; ++round) {
        // Half of them without what is always refused, or few would get through.
        const bool harmless = round % 2 == 0;
        std::string all;
        for (std::size_t count = random() % 24; count > 0; --count) {
            const std::string& word = words[random() % words.size()];
            if (!harmless || (word != "\r" && word != "\0"s)) all += word;
        }
        all += "x\r\n.\r\nNOOP\r\n";  // the x: a CR before this CRLF would make it no line end
        cuts places;
        for (std::size_t i = 1; i < all.size(); ++i) {
            if (random() % 3 == 0) places.push_back(i);
        }
        CAPTURE(shown(all), places);
        for (const bare_line_feed setting : {bare_line_feed::normalize, bare_line_feed::refuse}) {
            const outcome result = pass_on(all, setting, places);
            const outcome whole = pass_on(all, setting);
            if (!(whole == result)) CHECK(whole == result);
            if (!result.ended) FAIL("the end is missing");
            if (!result.wire.empty() && !is_one_message_everywhere(result.wire)) FAIL(shown(result.wire));
            if (!result.wire.empty() && !has_only_crlf(result.content)) FAIL(shown(result.content));
        }
        if (harmless) {
            outcome expected = by_the_book(all);
            const outcome result = pass_on(all, bare_line_feed::normalize, places);
            expected.wire = result.wire;
            if (!(result == expected)) CHECK(result == expected);
        }
    }
}
