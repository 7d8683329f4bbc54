#include "waypost/inbound/submission_socket.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <filesystem>

#include "support/captured_stderr.hpp"
#include "support/temporary_directory.hpp"

using namespace waypost;

namespace {

mode_t mode_of(const std::string& path) {
    struct stat about{};
    REQUIRE(::stat(path.c_str(), &about) == 0);
    return about.st_mode & 07777U;
}

struct place {
    test::captured_stderr output;
    test::temporary_directory directory;
    boost::asio::io_context loop;
    observe::log log{observe::log_settings{}};
    inbound::settings settings;

    std::string usual = directory / "none/waypost/smtp.sock";

    inbound::submission_socket opened() {
        return inbound::open_submission_socket(loop.get_executor(), settings, log, usual);
    }
};

}  // namespace

TEST_CASE("audit 4: anybody may reach the socket, in a directory that anybody may enter",
          "[inbound][submission_socket]") {
    place here;
    here.settings.socket_path = here.directory / "run/smtp.sock";
    const mode_t before = ::umask(0077);
    const auto socket = here.opened();
    ::umask(before);
    CHECK(socket.path == here.settings.socket_path);
    CHECK(mode_of(here.directory / "run") == 0755);
    CHECK(mode_of(socket.path) == 0666);
}

TEST_CASE("audit 4: the mode of a directory that was there is left alone", "[inbound][submission_socket]") {
    place here;
    std::filesystem::create_directory(here.directory / "run");
    ::chmod((here.directory / "run").c_str(), 0700);
    here.settings.socket_path = here.directory / "run/smtp.sock";
    const auto socket = here.opened();
    CHECK(mode_of(here.directory / "run") == 0700);
}

TEST_CASE("a place that was demanded and cannot be had is an error", "[inbound][submission_socket]") {
    place here;
    here.settings.socket_path = here.directory / "no/such/directory/smtp.sock";
    here.settings.state_directory = here.directory / "state";
    CHECK_THROWS_WITH(here.opened(), Catch::Contains("no/such/directory"));
}

TEST_CASE("audit 4: a daemon that cannot have the usual place opens its state directory for passing through",
          "[inbound][submission_socket]") {
    place here;
    here.settings.state_directory = here.directory / "state";
    std::filesystem::create_directory(here.settings.state_directory);
    ::chmod(here.settings.state_directory.c_str(), 0700);
    const auto socket = here.opened();
    CHECK(socket.path == here.directory / "state/public/smtp.sock");
    CHECK(mode_of(here.directory / "state") == 0711);
    CHECK(mode_of(here.directory / "state/public") == 0755);
    CHECK(mode_of(socket.path) == 0666);
}

TEST_CASE("the usual place is taken where it can be had, and then nobody passes through the state directory",
          "[inbound][submission_socket]") {
    place here;
    here.settings.state_directory = here.directory / "state";
    std::filesystem::create_directory(here.settings.state_directory);
    ::chmod(here.settings.state_directory.c_str(), 0700);
    here.usual = here.directory / "waypost/smtp.sock";
    const auto first = here.opened();
    CHECK(first.path == here.usual);
    CHECK(mode_of(here.directory / "state") == 0700);
    // It is another daemon's now.
    CHECK(here.opened().path == here.directory / "state/public/smtp.sock");
}
