#include "waypost/delivery_worker/worker.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "socket_pair.hpp"
#include "support/temporary_directory.hpp"
#include "waypost/delivery_worker/job.hpp"

using namespace waypost;
using delivery_worker::job;
namespace fs = std::filesystem;

namespace {

/// Somebody else, where we may be somebody else.
const unsigned nobody = ::geteuid() == 0 ? 65534 : ::geteuid();

/// A delivery worker in a process of its own, as the daemon has it.
class worker_process {
public:
    explicit worker_process(unsigned uid = nobody, unsigned gid = nobody) : pid_(::fork()) {
        if (pid_ != 0) return;
        ::dup2(wire_.near(), STDIN_FILENO);
        ::_exit(delivery_worker::run_worker(uid, gid));
    }
    ~worker_process() {
        if (pid_ > 0) exit_code();
    }
    delivery_worker::job_status ask(job job, const std::string& content = {}) {
        job.size = content.size();
        wire_.send(delivery_worker::frame_of(encode(job)) + content);
        const auto length = process::read_exactly(wire_.far(), 4).value();
        const auto inside = process::read_exactly(wire_.far(), delivery_worker::frame_size(length).value()).value();
        return delivery_worker::decode_answer(inside).value().status;
    }
    void tell(const std::string& octets) { wire_.send(octets); }
    void signal(int number) const { ::kill(pid_, number); }
    int exit_code() {
        wire_.hang_up();
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    test::socket_pair wire_;
    pid_t pid_;
};

struct fixture {
    test::temporary_directory home;
    fixture() { ::chmod(home.path().c_str(), 0777); }
    job script(const std::string& text) const {
        return {.operation = job::kind::run,
                .home = home.path(),
                .arguments = {"sh", "-c", text},
                .environment = {"PATH=/usr/bin:/bin"}};
    }
};

}  // namespace

TEST_CASE("a delivery worker acts under its identity and has no other", "[delivery_worker][delivery worker]") {
    const fixture f;
    worker_process worker;
    CHECK(worker.ask(f.script("grep -E '^(Uid|Gid|Groups|CapEff|CapPrm)' /proc/self/status > identity")).is_success());
    if (::geteuid() == 0) {
        const std::string all = "\t65534\t65534\t65534\t65534\n";
        CHECK(test::read_file(f.home / "identity") ==
              "Uid:" + all + "Gid:" + all + "Groups:\t \nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n");
    }
    CHECK(worker.ask({.operation = job::kind::maildir, .path = f.home / "Maildir", .name = "1.host"}, "x\r\n")
              .is_success());
    struct stat found{};
    REQUIRE(::stat((f.home / "Maildir/new/1.host").c_str(), &found) == 0);
    CHECK(found.st_uid == nobody);
    CHECK(worker.exit_code() == EX_OK);
}

TEST_CASE("a delivery worker cannot do what its user cannot", "[delivery_worker][delivery worker]") {
    if (::geteuid() != 0) return;
    const fixture f;
    worker_process worker;
    fs::create_directory(f.home / "closed");
    ::chmod((f.home / "closed").c_str(), 0700);
    CHECK(worker.ask({.operation = job::kind::maildir, .path = f.home / "closed/Maildir", .name = "1"}).is_transient());
    CHECK(worker.ask({.operation = job::kind::mbox, .path = f.home / "closed/mbox"}).is_transient());
    CHECK(worker.ask({.operation = job::kind::read, .path = "/etc/shadow", .most = 100'000}).is_transient());
    CHECK(fs::is_empty(f.home / "closed"));
}

TEST_CASE("a delivery worker uses the record lock alone where it may make no dot lock",
          "[delivery_worker][delivery worker]") {
    if (::geteuid() != 0) return;
    const fixture f;
    worker_process worker;
    fs::create_directory(f.home / "spool");
    test::write_file(f.home / "spool/ada", "");
    REQUIRE(::chown((f.home / "spool/ada").c_str(), nobody, nobody) == 0);
    CHECK(worker.ask({.operation = job::kind::mbox, .path = f.home / "spool/ada"}, "x\r\n").is_success());
    CHECK(test::read_file(f.home / "spool/ada").ends_with("\nx\n\n"));
}

TEST_CASE("an identity that cannot be taken is no delivery worker", "[delivery_worker][delivery worker]") {
    const unsigned unchanged = ~0U;  // what setresuid() understands as "leave it"
    CHECK(worker_process(unchanged, nobody).exit_code() == EX_NOPERM);
    if (::geteuid() == 0) CHECK(worker_process(nobody, unchanged).exit_code() == EX_NOPERM);
    if (::geteuid() != 0) CHECK(worker_process(0, 0).exit_code() == EX_NOPERM);
    if (::geteuid() != 0) CHECK(worker_process(::geteuid() + 1, nobody).exit_code() == EX_NOPERM);
}

TEST_CASE("what ends the daemon politely does not end its delivery workers", "[delivery_worker][delivery worker]") {
    const fixture f;
    worker_process worker;
    const job what{.operation = job::kind::mbox, .path = f.home / "mbox"};
    CHECK(worker.ask(what, "x\r\n").is_success());
    for (const int each : {SIGTERM, SIGINT, SIGHUP}) worker.signal(each);
    CHECK(worker.ask(what, "x\r\n").is_success());
    CHECK(worker.exit_code() == EX_OK);
}

TEST_CASE("a delivery worker that is told nonsense ends with a fault", "[delivery_worker][delivery worker]") {
    worker_process worker;
    worker.tell("GET / HTTP/1.1\r\n\r\n");
    CHECK(worker.exit_code() == EX_PROTOCOL);
}
