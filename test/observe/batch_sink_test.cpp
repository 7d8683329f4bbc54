#include "batch_sink.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <thread>

#include "support/captured_stderr.hpp"
#include "waypost/observe/log.hpp"

using namespace waypost;

namespace {

/// Standard error is a small pipe for as long as this lives; what comes out of it is kept.
class piped_stderr {
public:
    explicit piped_stderr(int flags) : saved_(::fcntl(2, F_DUPFD_CLOEXEC, 3)) {
        REQUIRE(::pipe2(ends_, O_CLOEXEC) == 0);
        ::fcntl(ends_[1], F_SETPIPE_SZ, 4096);
        ::fcntl(ends_[1], F_SETFL, flags);
        ::dup2(ends_[1], 2);
        ::close(ends_[1]);
    }
    ~piped_stderr() { static_cast<void>(end()); }
    piped_stderr(const piped_stderr&) = delete;
    piped_stderr& operator=(const piped_stderr&) = delete;

    void read() {
        reader_ = std::thread([this] {
            char piece[512];
            for (ssize_t bytes = 0; (bytes = ::read(ends_[0], piece, sizeof piece)) > 0;) {
                all_.append(piece, static_cast<std::size_t>(bytes));
            }
        });
    }
    void stop_reading() { ::close(std::exchange(ends_[0], -1)); }
    std::string end() {
        if (saved_ >= 0) {
            ::dup2(saved_, 2);
            ::close(std::exchange(saved_, -1));
        }
        if (reader_.joinable()) reader_.join();
        if (ends_[0] >= 0) ::close(std::exchange(ends_[0], -1));
        return all_;
    }

private:
    int ends_[2] = {-1, -1};
    int saved_;
    std::thread reader_;
    std::string all_;
};

}  // namespace

TEST_CASE("lines come whole and in order through a pipe that is slow", "[observe][batch_sink]") {
    // Standard error may be shared with a process that made it non-blocking.
    piped_stderr pipe(GENERATE(0, O_NONBLOCK));
    pipe.read();
    const std::string filler(100, 'x');
    {
        observe::log log({.format = observe::log_format::text, .lowest = observe::level::info});
        for (int i = 0; i < 3000; ++i) log.info("smtp", "x", {{"filler", filler}, {"n", i}});
    }
    const std::string all = pipe.end();
    int expected = 0;
    int broken = 0;
    for (const std::string_view line : base::split(all, '\n')) {
        if (line.empty()) continue;
        if (!line.ends_with(" info smtp event=x filler=" + filler + " n=" + std::to_string(expected++))) ++broken;
    }
    CHECK(broken == 0);
    CHECK(expected == 3000);
}

TEST_CASE("a line is written although no other follows it", "[observe][batch_sink]") {
    test::captured_stderr captured;
    observe::log log({.format = observe::log_format::text, .lowest = observe::level::info});
    for (int i = 0; i < 100; ++i) log.info("smtp", "x", {{"n", i}});
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!captured.has(" n=99\n") && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    CHECK(captured.has(" n=99\n"));
}

TEST_CASE("a reader that is gone stops no mail", "[observe][batch_sink]") {
    piped_stderr pipe(0);
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    pipe.stop_reading();
    {
        observe::log log({.format = observe::log_format::text, .lowest = observe::level::info});
        for (int i = 0; i < 1000; ++i) log.info("smtp", "x", {{"n", i}});
    }
    std::signal(SIGPIPE, before);
    SUCCEED("it came to its end");
}
