#include "waypost/process/spawn.hpp"

#include <fcntl.h>

#include <array>
#include <catch2/catch.hpp>

#include "waypost/process/io.hpp"

using namespace waypost::process;

namespace {

program shell(const std::string& text) { return {.path = "/bin/sh", .arguments = {"sh", "-c", text}}; }

int exit_code(const program& program) {
    auto started = spawn(program);
    REQUIRE(started.has_value());
    return started->wait().number;
}

/// What the command prints, and its exit code.
std::string printed_as(const user_identity& user, const std::vector<std::string>& command) {
    auto pipe = make_pipe();
    REQUIRE(pipe.has_value());
    const int output = pipe->writing.get();
    auto started = spawn_as(user, {.path = command.front(),
                                   .arguments = command,
                                   .environment = {"PATH=/usr/bin:/bin", "X=1"},
                                   .descriptors = {standard_descriptors::nowhere, output, output},
                                   .directory = "/"});
    pipe->writing.close();
    std::string text;
    std::array<char, 512> block{};
    for (;;) {
        const auto octets = read_some(pipe->reading.get(), block);
        if (octets.has_error() || *octets == 0) break;
        text.append(block.data(), *octets);
    }
    if (started.has_error()) return started.error().message();
    return text + std::to_string(started->wait().number);
}

const user_identity nobody{.name = "nobody", .uid = 65534, .gid = 65534, .groups = {65534}, .home = "/"};

}  // namespace

TEST_CASE("a program has no descriptor of ours, marked or not", "[process][spawn]") {
    const int ours = ::open("/dev/null", O_RDONLY);
    REQUIRE(ours > STDERR_FILENO);
    CHECK(exit_code(shell("test -e /proc/self/fd/" + std::to_string(ours))) == 1);
    ::close(ours);
}

TEST_CASE("a program has the environment and the directory that it is given", "[process][spawn]") {
    program given = shell("test \"$A $HOME $(pwd)\" = 'b  /usr'");
    given.environment = {"A=b"};
    given.directory = "/usr";
    given.in_own_session = true;
    CHECK(exit_code(given) == 0);
}

TEST_CASE("a program has the descriptors that it is given, and what goes nowhere is gone", "[process][spawn]") {
    auto pair = make_socket_pair();
    REQUIRE(pair.has_value());
    program given = shell("read line; echo \"got $line\" >&2; echo gone");
    given.descriptors = {pair->theirs.get(), standard_descriptors::nowhere, pair->theirs.get()};
    REQUIRE(write_all(pair->ours.get(), "word\n").has_value());
    CHECK(exit_code(given) == 0);
    pair->theirs.close();
    CHECK(read_exactly(pair->ours.get(), 9).value() == "got word\n");
    std::array<char, 16> more{};
    CHECK(read_some(pair->ours.get(), more).value() == 0);
}

TEST_CASE("a program that is not there is the system's error", "[process][spawn]") {
    const auto started = spawn({.path = "/nonexistent/program", .arguments = {"program"}});
    REQUIRE(started.has_error());
    CHECK(started.error() == boost::system::errc::no_such_file_or_directory);
}

TEST_CASE("audit 31: a program is begun as another user, with nothing of ours but what it is given",
          "[process][spawn]") {
    if (::geteuid() != 0) return;  // only root can
    const int open_here = ::open("/etc/passwd", O_RDONLY);
    CHECK(printed_as(nobody, {"/bin/sh", "-c",
                              "id -u; id -g; id -G; pwd; env | grep -v ^PWD= | sort; ls /proc/self/fd | wc -l"}) ==
          "65534\n65534\n65534\n/\nPATH=/usr/bin:/bin\nX=1\n4\n0");
    ::close(open_here);
}

TEST_CASE("audit 31: a program that cannot be begun as another user is the system's error", "[process][spawn]") {
    if (::geteuid() != 0) return;
    CHECK(printed_as(nobody, {"/no/such/program"}) == "No such file or directory");
    CHECK(printed_as(nobody, {"/etc/shadow"}) == "Permission denied");
    CHECK(printed_as(nobody, {"/bin/sh", "-c", "exit 3"}) == "3");
}
