// Runs OpenSMTPD's smtpscript cases (test/data/smtpscript/SOURCE.txt explains the notation) against server_session.
// They all pass; no verdict of waypost differs.
#include <deque>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "stub_server.hpp"
#include "test_data.hpp"

using namespace waypost;
using namespace waypost::smtp;

namespace {

// The words of a script; a string is one word, with its opening quote.
std::deque<std::string> read_words(const std::string& name) {
    std::ifstream file(WAYPOST_TEST_DATA "/smtpscript/" + name);
    std::deque<std::string> words;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        std::istringstream in(line);
        for (std::string word; in >> std::ws && !in.eof(); words.push_back(word)) {
            if (in.peek() == '"') {
                in.get();
                std::getline(in, word, '"');
                word.insert(0, 1, '"');
            } else {
                in >> word;
            }
        }
        words.emplace_back("\n");
    }
    return words;
}

class script {
public:
    explicit script(const std::string& name) : words_(read_words(name)) {}

    /// Answers how many cases there were.
    int run() {
        int cases = 0;
        while (!words_.empty()) {
            if (take() != "test-case") continue;
            while (take() != "{") {}
            ++cases;
            CAPTURE(cases);
            run_case();
        }
        return cases;
    }

private:
    std::string take() {
        std::string word = words_.at(0);
        words_.pop_front();
        return word;
    }

    void run_case() {
        server_settings settings{.host = *mail::domain::parse("localhost"), .tls = requirement::offered};
        stub_server server(settings);
        std::string replies = server.replies();
        for (std::string word = take(); word != "}"; word = take()) {
            int times = 1;
            if (word == "repeat") {
                times = std::stoi(take());
                word = take();
            }
            if (word == "writeln") {
                replies += server.say(take().substr(1) + "\r\n");
            } else if (word == "starttls") {
                server.tls_handshake();
            } else if (word == "expect") {
                const std::string what = take();
                const std::string kind = words_.at(0) == "\n" ? "any" : take();
                if (what == "disconnect")
                    CHECK(server.closed());
                else
                    for (int i = 0; i < times; ++i) expect(replies, kind);
            } else {
                REQUIRE(word == "\n");
            }
        }
    }

    static void expect(std::string& replies, const std::string& kind) {
        REQUIRE_FALSE(replies.empty());
        std::size_t begin = 0;
        while (replies.at(begin + 3) == '-') begin = replies.find("\r\n", begin) + 2;
        const std::string code = replies.substr(0, 3);
        replies.erase(0, replies.find("\r\n", begin) + 2);
        CAPTURE(kind, code);
        if (kind == "ok") CHECK((code[0] == '2' || code[0] == '3'));
        if (kind == "helo") CHECK(code == "250");
        if (kind == "tempfail") CHECK(code[0] == '4');
        if (kind == "permfail") CHECK(code[0] == '5');
    }

    std::deque<std::string> words_;
};

}  // namespace

TEST_CASE("OpenSMTPD's own test cases pass", "[smtp][smtpscript]") {
    CHECK(script("test.smtp1").run() == 9);
    CHECK(script("test.smtp4").run() == 17);
    CHECK(script("test.tls").run() == 1);
}
