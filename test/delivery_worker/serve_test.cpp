#include "serve.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>

#include "support/temporary_directory.hpp"
#include "worker_connection.hpp"

using namespace waypost;
using delivery_worker::job;
namespace fs = std::filesystem;

TEST_CASE("a delivery worker does one job after the other and ends with its connection", "[delivery_worker][serve]") {
    const test::temporary_directory home;
    test::worker_connection worker;
    for (const char* name : {"1.host", "2.host", "3.host"})
        CHECK(worker.ask({.operation = job::kind::maildir, .path = home / "Maildir", .name = name}, "x\r\n")
                  .is_success());
    CHECK(worker.end());
    CHECK(test::read_file(home / "Maildir/new/3.host") == "x\n");
}

TEST_CASE("content that a job does not want leaves the connection in step", "[delivery_worker][serve]") {
    const test::temporary_directory home;
    test::worker_connection worker;
    test::write_file(home / "file", "");
    const job failing{.operation = job::kind::maildir, .path = home / "file/Maildir", .name = "1.host"};
    CHECK(worker.ask(failing, std::string(500'000, 'x')).is_transient());
    CHECK(worker.ask({.operation = job::kind::maildir, .path = home / "Maildir", .name = "1.host"}, "x").is_success());
    CHECK(worker.end());
}

TEST_CASE("what is read comes back behind the answer", "[delivery_worker][serve]") {
    const test::temporary_directory home;
    test::write_file(home / "list", "ada\nbob\n");
    test::worker_connection worker;
    for (int round = 0; round < 2; ++round) {
        worker.send({.operation = job::kind::read, .path = home / "list", .most = 100});
        const auto got = worker.answer();
        CHECK(got.answer.status.is_success());
        CHECK(got.text == "ada\nbob\n");
    }
    CHECK(worker.end());
}

TEST_CASE("a connection that breaks within a job ends the loop, and nothing is delivered", "[delivery_worker][serve]") {
    const test::temporary_directory home;
    test::worker_connection worker;
    job what{.operation = job::kind::maildir, .path = home / "Maildir", .name = "1.host", .size = 100};
    const std::string octets = delivery_worker::frame_of(encode(what)) + "half of it";
    worker.send_octets(octets.substr(0, GENERATE(1U, 3U, 4U, 20U, 1'000U)));
    CHECK_FALSE(worker.end());
    CHECK((!fs::exists(home / "Maildir") || fs::is_empty(home / "Maildir/new")));
}

TEST_CASE("octets that are no job end the loop", "[delivery_worker][serve]") {
    test::worker_connection worker;
    worker.send_octets(GENERATE(as<std::string>(), "\xff\xff\xff\xff", std::string(4, '\0'),
                                delivery_worker::frame_of("no job"), "GET / HTTP/1.1\r\n\r\n"));
    CHECK_FALSE(worker.end());
}
