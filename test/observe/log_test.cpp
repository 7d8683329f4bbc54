#include "waypost/observe/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "support/captured_stderr.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/utf8.hpp"

using namespace waypost;
using observe::field;
using observe::format_line;
using observe::level;
using observe::log_format;
using namespace std::string_literals;

// A secret cannot be logged, whatever way it is given.
static_assert(!std::is_constructible_v<field, std::string_view, base::secret>);
static_assert(!std::is_constructible_v<field, std::string_view, const base::secret&>);
static_assert(!std::is_constructible_v<field, std::string_view, base::secret&>);
static_assert(std::is_constructible_v<field, std::string_view, std::string>);

namespace {

std::string text_of(observe::log::fields what) {
    return format_line(log_format::text, "now", level::info, "smtp", "connected", what);
}

std::string json_of(observe::log::fields what) {
    return format_line(log_format::json, "now", level::info, "smtp", "connected", what);
}

/// What stands for the value in a line of text.
std::string value_in_text(const std::string& value) {
    const std::string line = text_of({{"v", value}});
    const std::string before = "now info smtp event=connected v=";
    REQUIRE(line.starts_with(before));
    return line.substr(before.size());
}

bool is_printable(std::string_view line) {
    return std::ranges::all_of(line, [](char c) { return c >= ' ' && c < 0x7f; });
}

std::string random_bytes(std::mt19937& random, std::size_t longest) {
    // Rich in what could break a line.
    static const std::string dangerous = "\"\\= \n\r\t\0\x7f\x1b{}%,:"s;
    std::string bytes(random() % longest, '\0');
    for (char& c : bytes) {
        c = random() % 3 == 0 ? dangerous[random() % dangerous.size()] : static_cast<char>(random() % 256);
    }
    return bytes;
}

/// A reader of lines in text, as somebody who analyses logs would write one: words at blanks, values in quotes with
/// backslashes in them.
std::vector<std::pair<std::string, std::string>> fields_of(std::string_view line) {
    std::vector<std::pair<std::string, std::string>> found;
    std::size_t at = 0;
    while (at < line.size()) {
        std::string name;
        while (at < line.size() && line[at] != '=' && line[at] != ' ') name += line[at++];
        std::string value;
        if (at < line.size() && line[at] == '=') {
            ++at;
            if (at < line.size() && line[at] == '"') {
                ++at;
                while (at < line.size() && line[at] != '"') {
                    if (line.substr(at, 2) == "\\x") {
                        value += static_cast<char>(std::stoi(std::string(line.substr(at + 2, 2)), nullptr, 16));
                        at += 4;
                    } else if (line[at] == '\\') {
                        value += line[at + 1];
                        at += 2;
                    } else {
                        value += line[at++];
                    }
                }
                REQUIRE(at < line.size());  // the closing quote
                ++at;
            } else {
                while (at < line.size() && line[at] != ' ') value += line[at++];
            }
        }
        found.emplace_back(name, value);
        if (at < line.size()) {
            REQUIRE(line[at] == ' ');
            ++at;
        }
    }
    return found;
}

}  // namespace

TEST_CASE("a line of text has time, level, subsystem, event and the fields in their order", "[observe][log]") {
    CHECK(format_line(log_format::text, "2026-11-22T19:27:00.123Z", level::warn, "mta", "connect-failed",
                      {{"relay", "smtp://a.example"}, {"tries", 3}}) ==
          "2026-11-22T19:27:00.123Z warn mta event=connect-failed relay=smtp://a.example tries=3");
    CHECK(text_of({}) == "now info smtp event=connected");
}

TEST_CASE("a line of JSON has the same", "[observe][log]") {
    CHECK(format_line(log_format::json, "2026-11-22T19:27:00.123Z", level::error, "mta", "bug",
                      {{"what", "x"}, {"n", -7}}) ==
          R"({"time":"2026-11-22T19:27:00.123Z","level":"error","subsystem":"mta","event":"bug","what":"x","n":-7})");
    CHECK(json_of({}) == R"({"time":"now","level":"info","subsystem":"smtp","event":"connected"})");
}

TEST_CASE("values that are one plain word stand without quotes", "[observe][log]") {
    CHECK(value_in_text("<user@example.org>") == "<user@example.org>");
    CHECK(value_in_text("192.0.2.1:25") == "192.0.2.1:25");
    CHECK(value_in_text("a'b") == "a'b");
}

TEST_CASE("values that could be mistaken for more are quoted and escaped", "[observe][log]") {
    CHECK(value_in_text("") == R"("")");
    CHECK(value_in_text("two words") == R"("two words")");
    CHECK(value_in_text("a=b") == R"("a=b")");
    CHECK(value_in_text("say \"hi\"") == R"("say \"hi\"")");
    CHECK(value_in_text("back\\slash") == R"("back\\slash")");
    CHECK(value_in_text("line\r\nend") == R"("line\x0d\x0aend")");
    CHECK(value_in_text("tab\there") == R"("tab\x09here")");
    CHECK(value_in_text("\x1b[31mred\x7f"s) == R"("\x1b[31mred\x7f")");
    CHECK(value_in_text("nul\0byte"s) == R"("nul\x00byte")");
    CHECK(value_in_text("m\xc3\xa4il") == R"("m\xc3\xa4il")");
}

TEST_CASE("JSON has its own way to escape", "[observe][log]") {
    const auto value = [](const std::string& text) {
        return nlohmann::json::parse(json_of({{"v", text}})).at("v").get<std::string>();
    };
    CHECK(value("say \"hi\" back\\slash a=b") == "say \"hi\" back\\slash a=b");
    CHECK(value("line\r\nend\t\0\x7f"s) == "line\r\nend\t\0\x7f"s);
}

TEST_CASE("audit 38: UTF-8 is read in a JSON line as it was written, and other bytes by their numbers",
          "[observe][log]") {
    const auto value = [](const std::string& text) {
        return nlohmann::json::parse(json_of({{"v", text}})).at("v").get<std::string>();
    };
    CHECK(json_of({{"v", "\xc3\xa4"}}).ends_with(R"("v":"\u00e4"})"));
    CHECK(json_of({{"v", "\xf0\x9f\x93\xac"}}).ends_with(R"("v":"\ud83d\udcec"})"));
    for (const std::string text : {"F\xc3\xbcr \xe2\x82\xac", "\xf0\x9f\x93\xac", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}) {
        CHECK(value(text) == text);
    }
    CHECK(value("\xff \xc3") == "\\xff \\xc3");
    CHECK(value("\xc0\x80 \xed\xa0\x80") == "\\xc0\\x80 \\xed\\xa0\\x80");  // neither overlong nor surrogates
}

TEST_CASE("numbers are written as numbers", "[observe][log]") {
    CHECK(text_of({{"a", 0},
                   {"b", -1},
                   {"c", std::numeric_limits<std::int64_t>::max()},
                   {"d", std::size_t{42}},
                   {"e", 'x'}}) == "now info smtp event=connected a=0 b=-1 c=9223372036854775807 d=42 e=120");
    CHECK(json_of({{"a", std::numeric_limits<std::int64_t>::min()}, {"b", std::uint16_t{65535}}})
              .ends_with(R"("a":-9223372036854775808,"b":65535})"));
}

TEST_CASE("a peer's bytes never begin a new line or a new field in text", "[observe][log]") {
    std::mt19937 random(11);
    for (int round = 0; round < 20000; ++round) {
        const std::string first = random_bytes(random, 40);
        const std::string second = random_bytes(random, 40);
        const std::string line = text_of({{"helo", first}, {"size", 7}, {"from", second}});
        REQUIRE(is_printable(line));
        const auto fields = fields_of(line.substr(std::string("now info smtp ").size()));
        REQUIRE(fields.size() == 4);
        REQUIRE(fields[0] == std::pair<std::string, std::string>("event", "connected"));
        REQUIRE(fields[1] == std::pair<std::string, std::string>("helo", first));
        REQUIRE(fields[2] == std::pair<std::string, std::string>("size", "7"));
        REQUIRE(fields[3] == std::pair<std::string, std::string>("from", second));
    }
}

TEST_CASE("a peer's bytes never leave their value in JSON", "[observe][log]") {
    std::mt19937 random(12);
    for (int round = 0; round < 20000; ++round) {
        const std::string first = random_bytes(random, 40);
        const std::string second = random_bytes(random, 40);
        const std::string line = json_of({{"helo", first}, {"size", 7}, {"from", second}});
        REQUIRE(is_printable(line));
        const auto parsed = nlohmann::json::parse(line);
        REQUIRE(parsed.size() == 7);
        REQUIRE(parsed.at("size") == 7);
        std::string expected;
        for (std::string_view rest = first; !rest.empty();) {
            const auto character = base::first_character(rest);
            const std::string_view octets = rest.substr(0, character ? character->octets : 1);
            expected += character ? std::string(octets) : base::printable(octets);
            rest.remove_prefix(octets.size());
        }
        REQUIRE(parsed.at("helo").get<std::string>() == expected);
    }
}

TEST_CASE("lines reach standard error in their order", "[observe][log]") {
    test::captured_stderr captured;
    {
        observe::log log({.format = log_format::text, .lowest = level::info});
        for (int i = 0; i < 1000; ++i) log.info("smtp", "counted", {{"n", i}});
    }
    captured.restore();
    const auto lines = captured.lines();
    REQUIRE(lines.size() == 1000);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        CHECK(lines[i].ends_with(" info smtp event=counted n=" + std::to_string(i)));
    }
}

TEST_CASE("a line begins with the time in UTC", "[observe][log]") {
    test::captured_stderr captured;
    { observe::log({.format = log_format::text, .lowest = level::info}).warn("log", "here"); }
    captured.restore();
    REQUIRE(captured.lines().size() == 1);
    CHECK_THAT(
        captured.lines().front(),
        Catch::Matches(
            R"(20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{3}Z warn log event=here)"));
}

TEST_CASE("what is below the lowest level is not written", "[observe][log]") {
    test::captured_stderr captured;
    {
        observe::log log({.format = log_format::text, .lowest = level::info});
        CHECK_FALSE(log.wants(level::debug));
        CHECK(log.wants(level::info));
        log.debug("smtp", "line");
        log.info("smtp", "message");
        log.warn("smtp", "refused");
        log.error("smtp", "bug");
    }
    {
        observe::log log({.format = log_format::text, .lowest = level::debug});
        log.debug("smtp", "line");
    }
    captured.restore();
    std::vector<std::string> events;
    for (const std::string& line : captured.lines()) events.push_back(line.substr(line.find(' ') + 1));
    CHECK(events == std::vector<std::string>{"info smtp event=message", "warn smtp event=refused",
                                             "error smtp event=bug", "debug smtp event=line"});
}

TEST_CASE("braces and percent signs in a value are only text", "[observe][log]") {
    test::captured_stderr captured;
    { observe::log({.format = log_format::text, .lowest = level::info}).info("smtp", "x", {{"v", "{}%s%n{0:d}%v"}}); }
    captured.restore();
    REQUIRE(captured.lines().size() == 1);
    CHECK(captured.lines().front().ends_with(" event=x v={}%s%n{0:d}%v"));
}

TEST_CASE("lines of several threads stay whole", "[observe][log]") {
    test::captured_stderr captured;
    const std::string filler(300, 'x');
    {
        observe::log log({.format = log_format::text, .lowest = level::info});
        std::vector<std::thread> writers;
        for (int who = 0; who < 4; ++who) {
            writers.emplace_back([&log, &filler, who] {
                for (int i = 0; i < 200; ++i) log.info("smtp", "x", {{"who", who}, {"filler", filler}, {"n", i}});
            });
        }
        for (std::thread& each : writers) each.join();
    }
    captured.restore();
    const auto lines = captured.lines();
    CHECK(lines.size() == 800);
    for (const std::string& line : lines) CHECK(line.find(filler + " n=") != std::string::npos);
}

TEST_CASE("a reader that does not read costs lines and never time", "[observe][log]") {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const int saved = ::dup(2);
    ::dup2(ends[1], 2);
    ::close(ends[1]);
    std::string all;
    std::thread reader;
    {
        observe::log log({.format = log_format::text, .lowest = level::info});
        // Far more than the pipe and the lines that may wait; a logger that waited for its reader would wait for ever
        // here.
        const std::string filler(200, 'x');
        for (int i = 0; i < 30000; ++i) log.info("smtp", "x", {{"filler", filler}, {"n", i}});
        reader = std::thread([&all, from = ends[0]] {
            char piece[65536];
            for (ssize_t bytes = 0; (bytes = ::read(from, piece, sizeof piece)) > 0;) {
                all.append(piece, static_cast<std::size_t>(bytes));
            }
        });
        log.info("smtp", "last");
    }
    ::dup2(saved, 2);  // the last writing end of the pipe is gone
    reader.join();
    ::close(saved);
    ::close(ends[0]);
    CHECK(all.find("event=lines-lost count=") != std::string::npos);
    CHECK(all.find("event=last") != std::string::npos);
}
