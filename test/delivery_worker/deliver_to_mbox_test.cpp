#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <regex>

#include "jobs.hpp"
#include "support/temporary_directory.hpp"
#include "worker_connection.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using delivery_worker::job;
namespace fs = std::filesystem;

TEST_CASE("mail is put at the end of the mailbox, with a separator and its fields",
          "[delivery_worker][deliver_to_mbox]") {
    const test::temporary_directory spool;
    test::worker_connection worker;
    const job what{.operation = job::kind::mbox,
                   .path = spool / "ada",
                   .head = "Return-Path: <bob@example.net>\r\n",
                   .sender = "bob@example.net"};
    CHECK(worker.ask(what, "A: 1\r\n\r\nFrom here on\r\nend").is_success());
    CHECK(worker.ask(what, "").is_success());
    const std::string separator = "From bob@example\\.net .{24}\nReturn-Path: <bob@example\\.net>\n";
    CHECK(std::regex_match(test::read_file(spool / "ada"),
                           std::regex(separator + "A: 1\n\n>From here on\nend\n\n" + separator + "\n")));
}

TEST_CASE("mail for /dev/null is thrown away", "[delivery_worker][deliver_to_mbox]") {
    test::worker_connection worker;
    CHECK(worker.ask({.operation = job::kind::mbox, .path = "/dev/null"}, std::string(100'000, 'x')).is_success());
    CHECK(fs::is_character_file("/dev/null"));
    CHECK_FALSE(fs::exists("/dev/null.lock"));
    CHECK(worker.end());
}

TEST_CASE("two who deliver to one mailbox at once do not mix their mails", "[delivery_worker][deliver_to_mbox]") {
    const test::temporary_directory spool;
    test::worker_connection one;
    test::worker_connection two;
    const job what{.operation = job::kind::mbox, .path = spool / "ada"};
    constexpr int rounds = 10;
    const std::string a(100'000, 'a');
    const std::string b(100'000, 'b');
    for (int round = 0; round < rounds; ++round) {
        one.send(what, a);
        two.send(what, b);
        CHECK(one.answer().answer.status.is_success());
        CHECK(two.answer().answer.status.is_success());
    }
    const std::string text = test::read_file(spool / "ada");
    int whole = 0;
    for (std::size_t at = 0; (at = text.find("From ", at)) != std::string::npos; ++whole) {
        at = text.find('\n', at) + 1;
        const std::string body = text.substr(at, 100'002);
        REQUIRE((body == a + "\n\n" || body == b + "\n\n"));
    }
    CHECK(whole == 2 * rounds);
}

TEST_CASE("mail whose content breaks off is taken off the mailbox again", "[delivery_worker][deliver_to_mbox]") {
    const test::temporary_directory spool;
    test::write_file(spool / "ada", "From x\n\nold\n\n");
    test::socket_pair wire;
    wire.send("half");
    wire.hang_up();
    delivery_worker::job_content content(wire.near(), 100);
    CHECK(deliver_to_mbox({.path = spool / "ada"}, content).is_transient());
    CHECK(test::read_file(spool / "ada") == "From x\n\nold\n\n");
}

TEST_CASE("a locked mailbox is a delay that says so", "[delivery_worker][deliver_to_mbox]") {
    const test::temporary_directory spool;
    test::write_file(spool / "ada.lock", "");
    test::socket_pair wire;
    delivery_worker::job_content content(wire.near(), 0);
    const auto said = deliver_to_mbox({.path = spool / "ada"}, content, 50ms);
    CHECK(said.is_transient());
    CHECK_THAT(said.text(), Catch::Contains("locked"));
}

TEST_CASE("a mailbox whose directory is missing is a delay", "[delivery_worker][deliver_to_mbox]") {
    const test::temporary_directory spool;
    test::socket_pair wire;
    delivery_worker::job_content content(wire.near(), 0);
    CHECK(deliver_to_mbox({.path = spool / "missing/ada"}, content).is_transient());
}
