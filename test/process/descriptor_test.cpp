#include "waypost/process/descriptor.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>

#include "waypost/process/io.hpp"

using namespace waypost::process;

namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

}  // namespace

TEST_CASE("a descriptor is closed with its owner, whoever that is by then", "[process][descriptor]") {
    int number = -1;
    {
        auto file = open_file("/dev/null", O_RDONLY);
        REQUIRE(file.has_value());
        number = file->get();
        CHECK(::fcntl(number, F_GETFD) == FD_CLOEXEC);
        descriptor other;
        CHECK_FALSE(other);
        other = std::move(*file);
        CHECK(other.get() == number);
        const descriptor last(std::move(other));
        CHECK(is_open(number));
    }
    CHECK_FALSE(is_open(number));
}

TEST_CASE("a released descriptor stays open", "[process][descriptor]") {
    int number = -1;
    {
        auto file = open_file("/dev/null", O_RDONLY);
        REQUIRE(file.has_value());
        number = file->release();
    }
    CHECK(is_open(number));
    ::close(number);
}

TEST_CASE("a file that cannot be opened is the system's error", "[process][descriptor]") {
    CHECK(open_file("/no/such/file", O_RDONLY).error() == boost::system::errc::no_such_file_or_directory);
}

TEST_CASE("what goes into one end of a pipe or a socket pair comes out of the other", "[process][descriptor]") {
    const auto pipe = make_pipe();
    REQUIRE(pipe.has_value());
    REQUIRE(write_all(pipe->writing.get(), "down").has_value());
    CHECK(read_exactly(pipe->reading.get(), 4).value() == "down");
    const auto pair = make_socket_pair();
    REQUIRE(pair.has_value());
    REQUIRE(write_all(pair->ours.get(), "there").has_value());
    CHECK(read_exactly(pair->theirs.get(), 5).value() == "there");
    REQUIRE(write_all(pair->theirs.get(), "back").has_value());
    CHECK(read_exactly(pair->ours.get(), 4).value() == "back");
}
