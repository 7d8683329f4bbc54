#include "mbox_text.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <random>
#include <regex>
#include <sstream>

using namespace waypost;
using delivery_worker::from_quoting;

namespace {

std::string as_mbox(std::string_view text, std::size_t split = 0) {
    from_quoting quoting;
    std::string out = quoting.quote(text.substr(0, split));
    out += quoting.quote(text.substr(split));
    return out + quoting.finish();
}

/// The same, the long way round.
std::string expected(const std::string& text) {
    std::istringstream lines(text);
    std::string out;
    for (std::string line; std::getline(lines, line);) {
        const std::size_t at = line.find_first_not_of('>');
        if (at != std::string::npos && line.compare(at, 5, "From ") == 0) out += '>';
        out += line + "\n";
    }
    return out + "\n";
}

}  // namespace

TEST_CASE("a line that looks like a separator is quoted", "[delivery_worker][mbox_text]") {
    CHECK(as_mbox("From me\n") == ">From me\n\n");
    CHECK(as_mbox("a\n\nFrom me\nb\n") == "a\n\n>From me\nb\n\n");
    CHECK(as_mbox(">From me\n>>>From you\n") == ">>From me\n>>>>From you\n\n");
}

TEST_CASE("no other line is quoted", "[delivery_worker][mbox_text]") {
    for (const char* line : {"From: me", "from me", "Fro", "F", " From me", "> From me", "From", ">", ">F>From x", ""})
        CHECK(as_mbox(std::string(line) + "\n") == std::string(line) + "\n\n");
}

TEST_CASE("a message ends in an empty line, whatever its own end", "[delivery_worker][mbox_text]") {
    CHECK(as_mbox("") == "\n");
    CHECK(as_mbox("x") == "x\n\n");
    CHECK(as_mbox("x\n") == "x\n\n");
    CHECK(as_mbox("x\n\n") == "x\n\n\n");
    CHECK(as_mbox("Fro") == "Fro\n\n");
    CHECK(as_mbox(">") == ">\n\n");
}

TEST_CASE("where a text is cut makes no difference to its quoting", "[delivery_worker][mbox_text]") {
    const std::string words[] = {"From ", "From", "Fro", "F", ">", "\n", "\n", "x", " ", "\r"};
    std::mt19937 random(3);
    for (int round = 0; round < 500; ++round) {
        std::string text;
        for (unsigned i = random() % 12; i > 0; --i) text += words[random() % std::size(words)];
        for (std::size_t split = 0; split <= text.size(); ++split) REQUIRE(as_mbox(text, split) == expected(text));
    }
}

TEST_CASE("a separator names the sender and the time", "[delivery_worker][mbox_text]") {
    const std::regex form("From bob@example.net [A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]\\d \\d\\d:\\d\\d:\\d\\d \\d{4}\n");
    CHECK(std::regex_match(delivery_worker::separator_line("bob@example.net", std::chrono::system_clock::now()), form));
    const auto early = std::chrono::system_clock::from_time_t(0);
    std::time_t zero = 0;
    std::tm local{};
    ::localtime_r(&zero, &local);
    CHECK(delivery_worker::separator_line("", early) == "From MAILER-DAEMON " + std::string(std::asctime(&local)));
}

TEST_CASE("a sender stays one word of the separator", "[delivery_worker][mbox_text]") {
    const auto line = delivery_worker::separator_line("\"a b\nFrom x\"@example.net", std::chrono::system_clock::now());
    CHECK(line.starts_with("From \"a_b_From_x\"@example.net "));
    CHECK(line.find('\n') == line.size() - 1);
}
