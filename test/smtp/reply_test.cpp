#include "waypost/smtp/reply.hpp"

#include <catch2/catch.hpp>

using namespace waypost;
using namespace waypost::smtp;
using progress = reply_reader::progress;

namespace {

template <class What>
std::string wire(const What& what) {
    std::string out;
    write_reply(out, what);
    return out;
}

std::optional<reply> read(std::initializer_list<std::string_view> lines) {
    reply_reader reader;
    for (const std::string_view line : lines) {
        switch (reader.on_line(line)) {
            case progress::more: break;
            case progress::done: return reader.take();
            case progress::malformed: return std::nullopt;
        }
    }
    return std::nullopt;
}

}  // namespace

TEST_CASE("a reply is written with a hyphen on all lines but the last", "[smtp][reply]") {
    CHECK(wire(reply(220, "mx ESMTP")) == "220 mx ESMTP\r\n");
    CHECK(wire(reply(334, "")) == "334 \r\n");
    reply many(250, "mx");
    many.lines.insert(many.lines.end(), {"DSN", "HELP"});
    CHECK(wire(many) == "250-mx\r\n250-DSN\r\n250 HELP\r\n");
}

TEST_CASE("a status is written as a reply, with its enhanced code if it has one", "[smtp][reply]") {
    const auto status = mail::status::of(550, "5.1.1", "no such mailbox");
    CHECK(wire(status) == "550 5.1.1 no such mailbox\r\n");
    CHECK(wire(reply(status)) == wire(status));
    CHECK(wire(mail::status::of(250, "", "fine")) == "250 fine\r\n");
}

TEST_CASE("no text can end a reply line before its time", "[smtp][reply]") {
    CHECK(wire(reply(550, "a\r\n250 b\tc\n")) == "550 a??250 b?c?\r\n");
}

TEST_CASE("a long text goes on in further lines, each with the enhanced code and at most 512 octets", "[smtp][reply]") {
    std::string text;
    for (int i = 0; i < 150; ++i) text += "word ";
    text.pop_back();
    const auto status = mail::status::of(550, "5.7.1", text);
    const std::string written = wire(status);
    reply_reader reader;
    std::string_view rest = written;
    auto last = progress::more;
    while (!rest.empty()) {
        const auto end = rest.find("\r\n");
        CHECK(end + 2 <= 512);
        REQUIRE(last == progress::more);
        last = reader.on_line(rest.substr(0, end));
        rest.remove_prefix(end + 2);
    }
    REQUIRE(last == progress::done);
    const reply read_back = reader.take();
    CHECK(read_back.lines.size() == 2);
    CHECK(read_back.to_status().line() == status.line());
    CHECK(wire(mail::status::of(550, "", std::string(1000, 'x'))).size() == 1000 + 2 * 6);
}

TEST_CASE("a reply of several lines becomes a status of one line", "[smtp][reply]") {
    const auto said = read({"550-5.7.26 This mail is unauthenticated,", "550-5.7.26 which", "550 5.7.26 is a pity"});
    REQUIRE(said.has_value());
    CHECK(said->to_status().line() == "550 5.7.26 This mail is unauthenticated, which is a pity");
    CHECK(said->to_status().enhanced() == mail::enhanced_code{5, 7, 26});
}

TEST_CASE("an enhanced code of another class than the reply's is only text", "[smtp][reply]") {
    CHECK(reply(550, "2.0.0 sorry").to_status().enhanced() == mail::enhanced_code{});
    CHECK(reply(550, "2.0.0 sorry").to_status().line() == "550 2.0.0 sorry");
    CHECK(reply(354, "2.0.0 go").to_status().enhanced() == mail::enhanced_code{});
    CHECK(reply(250, "1.2.3.4 is my address").to_status().enhanced() == mail::enhanced_code{});
}

TEST_CASE("a reply may be a bare code", "[smtp][reply]") {
    REQUIRE(read({"250"}).has_value());
    CHECK(read({"250"})->lines == std::vector<std::string>{""});
    CHECK(read({"250-", "250"})->lines.size() == 2);
    CHECK(read({"250 "})->to_status().line() == "250");
}

TEST_CASE("what is no reply is malformed", "[smtp][reply]") {
    for (const std::string_view line :
         {"", "2", "25", "25x ok", "199 ok", "600 ok", "999 ok", "099 x", "250+ok", "2500 ok", " 250 ok", "+OK", "ok",
          "HTTP/1.1 400 Bad Request", "-250 ok", "250\tok"}) {
        CAPTURE(line);
        CHECK(reply_reader().on_line(line) == progress::malformed);
    }
    CHECK_FALSE(read({"250-a", "550 b"}).has_value());
    CHECK_FALSE(read({"250-a", "ok"}).has_value());
}

TEST_CASE("a reply is as long as it needs to be", "[smtp][reply]") {
    reply_reader many;
    for (int i = 0; i < 299; ++i) REQUIRE(many.on_line("550-5.7.1 no") == progress::more);
    REQUIRE(many.on_line("550 5.7.1 never") == progress::done);
    const reply whole = many.take();
    CHECK(whole.lines.size() == 300);
    CHECK(whole.to_status().is_permanent());
    CHECK(whole.to_status().text().ends_with(" no never"));
}

TEST_CASE("an endless reply is malformed before it costs memory", "[smtp][reply]") {
    for (const std::size_t size : {4U, 5U, 78U, 4094U}) {
        CAPTURE(size);
        const std::string line = "250-" + std::string(size - 4, 'x');
        const std::size_t fitting = reply_reader::most_octets / (size + 2);
        reply_reader reader;
        for (std::size_t i = 0; i < fitting; ++i) REQUIRE(reader.on_line(line) == progress::more);
        CHECK(reader.on_line(line) == progress::malformed);
        // and the reader begins anew
        CHECK(reader.on_line("250 x") == progress::done);
        CHECK(reader.take().lines.size() == 1);
    }
}

TEST_CASE("control bytes of a peer's reply are escaped", "[smtp][reply]") {
    // CVE-2020-8794: a reply that went into a file of lines with its own line ends
    const auto said = read({std::string_view("550 no\rsuch\0box\x1b[2J", 19)});
    REQUIRE(said.has_value());
    CHECK(said->lines.front() == "no\\x0dsuch\\x00box\\x1b[2J");
    CHECK(read({"550 Köln"})->lines.front() == "Köln");
}
