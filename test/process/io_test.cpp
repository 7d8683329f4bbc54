#include "waypost/process/io.hpp"

#include <fcntl.h>
#include <sys/time.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <thread>

#include "support/temporary_directory.hpp"
#include "waypost/process/descriptor.hpp"

using namespace waypost::process;

TEST_CASE("an end before the octets that are needed is an error, and no octets are an end", "[process][io]") {
    auto pipe = make_pipe();
    REQUIRE(pipe.has_value());
    REQUIRE(write_all(pipe->writing.get(), "half").has_value());
    pipe->writing.close();
    CHECK(read_exactly(pipe->reading.get(), 8).error() == boost::system::errc::connection_reset);
    std::array<char, 4> buffer{};
    CHECK(read_some(pipe->reading.get(), buffer).value() == 0);
    CHECK(read_exactly(pipe->reading.get(), 0).value().empty());
}

TEST_CASE("more than a pipe holds is written whole, though signals come meanwhile", "[process][io]") {
    struct sigaction nothing{};
    nothing.sa_handler = [](int) {};  // without SA_RESTART: a call that waits ends with EINTR
    struct sigaction before{};
    REQUIRE(::sigaction(SIGALRM, &nothing, &before) == 0);
    const itimerval often{.it_interval = {0, 1000}, .it_value = {0, 1000}};
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &often, nullptr);
    auto pipe = make_pipe();
    REQUIRE(pipe.has_value());
    const std::string octets(3'000'000, 'x');
    std::string came;
    std::thread reader([&] { came = read_exactly(pipe->reading.get(), octets.size()).value(); });
    const bool is_written = write_all(pipe->writing.get(), octets).has_value();
    reader.join();
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before, nullptr);
    CHECK(is_written);
    CHECK(came == octets);
}

TEST_CASE("a write that nobody reads is the system's error", "[process][io]") {
    const auto previous = std::signal(SIGPIPE, SIG_IGN);
    auto pipe = make_pipe();
    REQUIRE(pipe.has_value());
    pipe->reading.close();
    CHECK(write_all(pipe->writing.get(), "text").error() == boost::system::errc::broken_pipe);
    std::signal(SIGPIPE, previous);
}

TEST_CASE("a file is read from any offset as far as it goes", "[process][io]") {
    const waypost::test::temporary_directory here;
    const auto file = open_file(here.path() + "/file", O_RDWR | O_CREAT, 0600);
    REQUIRE(file.has_value());
    REQUIRE(write_all(file->get(), "0123456789").has_value());
    std::array<char, 4> buffer{};
    CHECK(read_at(file->get(), 3, buffer).value() == 4);
    CHECK(std::string_view(buffer.data(), 4) == "3456");
    CHECK(read_at(file->get(), 8, buffer).value() == 2);
    CHECK(read_at(file->get(), 10, buffer).value() == 0);
}
