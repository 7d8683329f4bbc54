#include "waypost/base/program_start.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

using waypost::base::program_start;

namespace {

/// The exit code of a shell that is given this.
int said_by_shell(program_start& start, const std::string& text, const std::vector<std::string>& environment = {}) {
    const auto pid = start.run("/bin/sh", {"sh", "-c", text}, environment);
    REQUIRE(pid.has_value());
    int status = 0;
    REQUIRE(::waitpid(*pid, &status, 0) == *pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a program has no descriptor of ours, marked or not", "[base][program_start]") {
    const int ours = ::open("/dev/null", O_RDONLY);
    REQUIRE(ours > STDERR_FILENO);
    const std::string exists = "test -e /proc/self/fd/" + std::to_string(ours);
    program_start start(program_start::session_mode::in_own_group);
    CHECK(said_by_shell(start, exists) == 1);
    ::close(ours);
}

TEST_CASE("a program has the environment and the directory that it is given", "[base][program_start]") {
    program_start start(program_start::session_mode::in_own_session);
    start.work_in("/usr");
    CHECK(said_by_shell(start, "test \"$A $HOME $(pwd)\" = 'b  /usr'", {"A=b"}) == 0);
}

TEST_CASE("a program that is not there is the system's error", "[base][program_start]") {
    program_start start(program_start::session_mode::in_own_group);
    const auto pid = start.run("/nonexistent/program", {"program"});
    REQUIRE(pid.has_error());
    CHECK(pid.error() == boost::system::errc::no_such_file_or_directory);
}
