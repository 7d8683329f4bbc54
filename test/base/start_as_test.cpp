#include "waypost/base/start_as.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace waypost::base;

namespace {

/// What the command prints, and its exit code.
std::string printed_as(const user_identity& user, const std::vector<std::string>& command) {
    int pair[2] = {-1, -1};
    REQUIRE(::pipe2(pair, O_CLOEXEC) == 0);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    const auto pid = start_as(user, {nothing, pair[1], pair[1]}, command, {"PATH=/usr/bin:/bin", "X=1"});
    ::close(pair[1]);
    ::close(nothing);
    std::string text;
    char block[512];
    for (ssize_t got = 0; (got = ::read(pair[0], block, sizeof block)) > 0;) {
        text.append(block, static_cast<std::size_t>(got));
    }
    ::close(pair[0]);
    if (pid.has_error()) return pid.error().message();
    int status = 0;
    REQUIRE(::waitpid(*pid, &status, 0) == *pid);
    return text + std::to_string(WEXITSTATUS(status));
}

const user_identity nobody{.name = "nobody", .uid = 65534, .gid = 65534, .groups = {65534}, .home = "/"};

}  // namespace

TEST_CASE("audit 31: a program is begun as another user, with nothing of ours but what it is given",
          "[base][start_as]") {
    if (::geteuid() != 0) return;  // only root can
    const int open_here = ::open("/etc/passwd", O_RDONLY);
    CHECK(printed_as(nobody, {"/bin/sh", "-c",
                              "id -u; id -g; id -G; pwd; env | grep -v ^PWD= | sort; ls /proc/self/fd | wc -l"}) ==
          "65534\n65534\n65534\n/\nPATH=/usr/bin:/bin\nX=1\n4\n0");
    ::close(open_here);
}

TEST_CASE("audit 31: a program that cannot be begun is the system's error", "[base][start_as]") {
    if (::geteuid() != 0) return;
    CHECK(printed_as(nobody, {"/no/such/program"}) == "No such file or directory");
    CHECK(printed_as(nobody, {"/etc/shadow"}) == "Permission denied");
    CHECK(printed_as(nobody, {"/bin/sh", "-c", "exit 3"}) == "3");
}
