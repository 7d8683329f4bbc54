#include "waypost/process/child.hpp"

#include <poll.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "waypost/process/spawn.hpp"

using namespace waypost::process;
using namespace std::chrono_literals;

namespace {

child shell(const std::string& text) {
    auto started = spawn({.path = "/bin/sh", .arguments = {"sh", "-c", text}, .environment = {"PATH=/usr/bin:/bin"}});
    REQUIRE(started.has_value());
    return std::move(*started);
}

bool exists(pid_t pid) { return ::kill(pid, 0) == 0; }

bool is_readable(int fd) {
    pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&watched, 1, 10'000) == 1;
}

}  // namespace

TEST_CASE("how a child ended is its exit code or the signal", "[process][child]") {
    CHECK(shell("exit 0").wait().is_success());
    CHECK(shell("exit 3").wait().text() == "exit 3");
    CHECK_FALSE(shell("exit 3").wait().is_success());
    const ending killed = shell("kill -9 $$").wait();
    CHECK(killed.by_signal);
    CHECK(killed.number == SIGKILL);
    CHECK(killed.text() == "signal 9");
}

TEST_CASE("a child that is not waited for is killed with its owner", "[process][child]") {
    pid_t pid = -1;
    {
        const child one = shell("exec sleep 1000");
        pid = one.pid();
        CHECK(exists(pid));
    }
    CHECK_FALSE(exists(pid));
}

TEST_CASE("a child is waited for as long as is said", "[process][child]") {
    child one = shell("trap 'exit 5' TERM; while :; do sleep 0.01; done");
    CHECK_FALSE(one.wait_for(20ms));
    one.signal(SIGTERM);
    const auto ended = one.wait_for(10s);
    REQUIRE(ended);
    CHECK((ended->number == 5 || ended->number == SIGTERM));  // before or after the trap was set
}

TEST_CASE("a signal for the group of a child reaches what it has started", "[process][child]") {
    child one = shell("sleep 1000; exit 0");
    one.signal_group(SIGKILL);
    const ending ended = one.wait();
    CHECK(ended.by_signal);
}

TEST_CASE("a released child is watched and reaped by its descriptor", "[process][child]") {
    child one = shell("exec sleep 1000");
    const pid_t pid = one.pid();
    const descriptor pidfd = std::move(one).release();
    CHECK_FALSE(is_stopped(pidfd.get()));
    CHECK_FALSE(reap(pidfd.get()));
    ::kill(pid, SIGSTOP);
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!is_stopped(pidfd.get()) && std::chrono::steady_clock::now() < deadline) ::usleep(1000);
    CHECK(is_stopped(pidfd.get()));
    send_signal(pidfd.get(), SIGKILL);
    REQUIRE(is_readable(pidfd.get()));
    const auto ended = reap(pidfd.get());
    REQUIRE(ended);
    CHECK(ended->text() == "signal 9");
    CHECK_FALSE(reap(pidfd.get()));
}
