// Runs the conversations of test/dialogs (see its README.md) against server_session.
#include <deque>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "stub_server.hpp"
#include "test_data.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"

using namespace waypost;
using namespace waypost::smtp;

namespace {

std::string unescape(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            bytes += text[i];
            continue;
        }
        const char kind = text.at(++i);
        if (kind == 'x') {
            bytes += static_cast<char>(base::from_hex(text.substr(i + 1, 2)).value());
            i += 2;
        } else {
            bytes += kind == 'r' ? '\r' : kind == 'n' ? '\n' : kind == '0' ? '\0' : kind;
        }
    }
    return bytes;
}

class dialog {
public:
    explicit dialog(const std::filesystem::path& file) {
        std::ifstream text(file);
        for (std::string line; std::getline(text, line);) lines_.push_back(line);
    }

    void run() {
        server_settings settings{.host = *mail::domain::parse("mx.example.org")};
        for (const std::string& line : lines_) {
            if (!line.starts_with("needs:")) continue;
            if (line.find("tls") != std::string::npos) settings.tls = requirement::offered;
            if (line.find("auth") != std::string::npos) settings.auth = requirement::offered;
            if (line.find("bare-lf refuse") != std::string::npos) settings.line_feed = bare_line_feed::refuse;
        }
        stub_server server(settings);
        for (std::size_t number = 1; number <= lines_.size(); ++number) {
            const std::string& line = lines_[number - 1];
            CAPTURE(number, line);
            perform(server, line);
        }
        flush(server);
        CHECK(replies_.empty());
    }

private:
    void perform(stub_server& server, std::string_view line) {
        if (line.empty() || line.starts_with('#') || line.starts_with("needs:")) return;
        if (line.starts_with("C:")) {
            line.remove_prefix(std::min<std::size_t>(line.size(), 3));
            const bool open = line.ends_with('\\') && !line.ends_with("\\\\");
            if (open) line.remove_suffix(1);
            to_send_ += unescape(line) + (open ? "" : "\r\n");
            return;
        }
        flush(server);
        if (line == "TLS") {
            server.tls_handshake();
        } else if (line == "S: closed") {
            CHECK(server.closed());
        } else {
            REQUIRE(line.starts_with("S: "));
            expect(line.substr(3));
        }
    }

    void flush(stub_server& server) {
        const std::string all = server.replies() + server.say(std::exchange(to_send_, {}));
        std::string_view bytes = all;
        reply_reader reader;
        while (!bytes.empty()) {
            const auto end = bytes.find("\r\n");
            REQUIRE(end != std::string_view::npos);
            const auto progress = reader.on_line(bytes.substr(0, end));
            REQUIRE(progress != reply_reader::progress::malformed);
            if (progress == reply_reader::progress::done) replies_.push_back(reader.take());
            bytes.remove_prefix(end + 2);
        }
    }

    void expect(std::string_view expected) {
        REQUIRE_FALSE(replies_.empty());
        const reply& said = replies_.front();
        const bool any_of_class = expected.substr(1, 2) == "xx";
        CHECK(std::to_string(said.code).substr(0, any_of_class ? 1 : 3) == expected.substr(0, any_of_class ? 1 : 3));
        const std::string_view text = expected.substr(std::min<std::size_t>(expected.size(), 4));
        CAPTURE(said.code, said.lines);
        CHECK(std::ranges::any_of(said.lines, [&](const std::string& line) { return line.starts_with(text); }));
        if (expected.size() <= 3 || expected[3] == ' ') replies_.pop_front();
    }

    std::vector<std::string> lines_;
    std::string to_send_;
    std::deque<reply> replies_;
};

}  // namespace

TEST_CASE("each conversation of test/dialogs goes as it is written", "[smtp][dialog]") {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(WAYPOST_TEST_DATA "/../dialogs")) {
        if (entry.path().extension() != ".txt") continue;
        CAPTURE(entry.path().filename());
        dialog(entry.path()).run();
        ++files;
    }
    CHECK(files >= 30);
}
