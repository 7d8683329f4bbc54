#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "jobs.hpp"
#include "support/temporary_directory.hpp"
#include "worker_connection.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using delivery_worker::job;
namespace fs = std::filesystem;

namespace {

const std::string path_of_system = "PATH=/usr/bin:/bin";

struct fixture {
    test::temporary_directory home;
    test::socket_pair wire;
    delivery_worker::job job{
        .operation = job::kind::run, .home = home.path(), .environment = {path_of_system}, .time = 20s};

    fixture() { std::signal(SIGPIPE, SIG_IGN); }
    delivery_worker::job_status run(std::vector<std::string> arguments, const std::string& text = {}) {
        job.arguments = std::move(arguments);
        if (!text.empty()) wire.send_aside(text);
        delivery_worker::job_content content(wire.near(), text.size());
        auto said = run_command(job, content);
        CHECK(content.drain().has_value());
        return said;
    }
    delivery_worker::job_status shell(const std::string& script, const std::string& text = {}) {
        return run({"sh", "-c", script}, text);
    }
    [[nodiscard]] std::string file(const std::string& name) const { return test::read_file(home / name); }
};

template <class Condition>
bool comes(Condition holds) {
    for (const auto until = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < until;) {
        if (holds()) return true;
        std::this_thread::sleep_for(5ms);
    }
    return false;
}

std::string shown(const delivery_worker::job_status& status) {
    const char* result = status.is_success() ? "success " : status.is_transient() ? "transient " : "permanent ";
    return result + status.enhanced() + " " + status.text();
}

}  // namespace

TEST_CASE("a command has the mail on its standard input, its fields in front", "[delivery_worker][run_command]") {
    fixture f;
    f.job.head = "Return-Path: <>\r\n";
    const std::string body(300'000, 'x');
    const auto said = f.shell("cat > mail", "A: 1\r\n\r\n" + body + "\r\n");
    CHECK(said.is_success());
    CHECK(f.file("mail") == "Return-Path: <>\nA: 1\n\n" + body + "\n");
}

TEST_CASE("a command has its home, its environment and nothing else", "[delivery_worker][run_command]") {
    fixture f;
    f.job.environment = {path_of_system, "SENDER=a b\nc", "EXTENSION="};
    CHECK(f.run({"sh", "-c",
                 "pwd > pwd; env -0 > env; ls -1 /proc/self/fd | wc -l > open; exec cat /proc/self/stat > stat"})
              .is_success());
    CHECK(fs::equivalent(fs::path(f.file("pwd").substr(0, f.file("pwd").size() - 1)), f.home.path()));
    const std::string env = f.file("env");
    for (const std::string& each : f.job.environment) CHECK(env.find(each + '\0') != std::string::npos);
    CHECK(env.find("HOME=") == std::string::npos);
    // Three, and the directory that ls reads.
    CHECK(f.file("open") == "4\n");
}

TEST_CASE("arguments reach the program as they are", "[delivery_worker][run_command]") {
    fixture f;
    CHECK(f.run({"sh", "-c", R"(printf '%s\n' "$@" > arguments)", "sh", "$(reboot)", "a b", "", "*", "\xff;"})
              .is_success());
    CHECK(f.file("arguments") == "$(reboot)\na b\n\n*\n\xff;\n");
}

TEST_CASE("the exit code says what became of the mail", "[delivery_worker][run_command]") {
    fixture f;
    CHECK(f.shell("exit 0").is_success());
    for (const char* code : {"71", "75", "126", "127"}) CHECK(f.shell("exit " + std::string(code)).is_transient());
    for (const char* code : {"1", "2", "64", "70", "76", "79", "128", "255"}) {
        const auto said = f.shell("exit " + std::string(code));
        CHECK(said.is_permanent());
        CHECK(said.enhanced() == "5.3.0");
        CHECK_THAT(said.text(), Catch::EndsWith(code));
    }
}

TEST_CASE("audit 39: the exit codes of sysexits.h have the status that they mean", "[delivery_worker][run_command]") {
    fixture f;
    CHECK(shown(f.shell("exit 67")) == "permanent 5.1.1 Command failed with exit code 67");
    CHECK(shown(f.shell("exit 77")) == "permanent 5.7.0 Command failed with exit code 77");
    CHECK(shown(f.shell("echo mend me; exit 78")) == "permanent 5.3.5 mend me");
}

TEST_CASE("audit 38: what a command says is escaped where it is shown, and nowhere before",
          "[delivery_worker][run_command]") {
    fixture f;
    CHECK(f.shell("printf 'F\\303\\274\\\\r'; exit 1").text() == "F\xc3\xbc\\r");
}

TEST_CASE("a command that a signal ends is a delay", "[delivery_worker][run_command]") {
    fixture f;
    for (const char* signal : {"KILL", "SEGV", "TERM", "PIPE"})
        CHECK(f.shell("kill -" + std::string(signal) + " $$; sleep 60").is_transient());
}

TEST_CASE("the last line of what a command says is told", "[delivery_worker][run_command]") {
    fixture f;
    CHECK(f.shell("echo one; echo two >&2; exit 1").text() == "two");
    CHECK(f.shell("echo two >&2; echo one; exit 75").text() == "one");
    CHECK(f.shell("printf 'a\\033b\\n\\n'; exit 1").text() == "a\033b");
    CHECK(f.shell("echo all is well").is_success());
}

TEST_CASE("a command that does not read its input is no failure", "[delivery_worker][run_command]") {
    fixture f;
    const std::string much(1'000'000, 'x');
    SECTION("it ends") { CHECK(f.shell("exit 0", much).is_success()); }
    SECTION("it closes it") { CHECK(f.shell("exec <&-; echo done > file", much).is_success()); }
    SECTION("it reads a part") { CHECK(f.shell("head -c 10 > file", much).is_success()); }
    SECTION("it fails for another reason") { CHECK(f.shell("exit 1", much).is_permanent()); }
}

TEST_CASE("a command that never ends is ended", "[delivery_worker][run_command]") {
    fixture f;
    f.job.time = 1s;
    const std::string script = GENERATE("sleep 60", "trap '' TERM INT HUP; sleep 60; sleep 60", "yes", "yes >&2",
                                        "sleep 60 <&-", "cat > mail; sleep 60");
    const auto said = f.shell(script, std::string(500'000, 'x'));
    CHECK(said.is_transient());
    CHECK_THAT(said.text(), Catch::Contains("1 s"));
}

TEST_CASE("a command that says much is listened to while it is fed", "[delivery_worker][run_command]") {
    fixture f;
    CHECK(f.shell("cat; echo end; exit 1", std::string(1'000'000, 'x') + "\n").text() == "end");
}

TEST_CASE("what a command leaves running goes with it", "[delivery_worker][run_command]") {
    fixture f;
    SECTION("though it holds the pipe") { CHECK(f.shell("sleep 60 & echo $! > pid").is_success()); }
    SECTION("though it talks without end") { CHECK(f.shell("yes & echo $! > pid").is_success()); }
    SECTION("though it ignores signals") {
        CHECK(f.shell("(trap '' TERM HUP; sleep 60; sleep 60) & echo $! > pid").is_success());
    }
    const pid_t left = std::stoi(f.file("pid"));
    REQUIRE(left > 1);
    // Gone, or a zombie that its new parent has not seen yet.
    CHECK(comes([&] {
        const std::string stat = test::read_file("/proc/" + std::to_string(left) + "/stat");
        return stat.empty() || stat.find(") Z ") != std::string::npos;
    }));
}

TEST_CASE("one that went into a session of its own is not waited for", "[delivery_worker][run_command]") {
    fixture f;
    CHECK(f.shell("setsid sh -c 'echo $$ > pid; exec yes' & while ! [ -s pid ]; do :; done").is_success());
    const pid_t left = std::stoi(f.file("pid"));
    REQUIRE(left > 1);
    ::kill(left, SIGKILL);
}

TEST_CASE("a command that cannot be run is a delay", "[delivery_worker][run_command]") {
    fixture f;
    test::write_file(f.home / "text", "no program");
    CHECK(f.run({}).is_transient());
    for (const std::string& program : {std::string("/nowhere/program"), std::string("no-such-program"), std::string(),
                                       f.home / "text", f.home.path()}) {
        const auto said = f.run({program}, std::string(300'000, 'x'));
        CHECK(said.is_transient());
        CHECK(said.enhanced() == "4.3.5");
    }
    SECTION("nor is one whose home is missing") {
        f.job.home = f.home / "missing";
        const auto said = f.run({"true"});
        CHECK(shown(said) == "transient 4.2.0 Cannot enter the home " + f.job.home + ": No such file or directory");
    }
    SECTION("nor is one with a NUL in it") {
        CHECK(f.run({"true", std::string("a\0b", 3)}).is_transient());
        f.job.environment.emplace_back("A=\0B", 4);
        CHECK(f.run({"true"}).is_transient());
    }
}

TEST_CASE("audit 5: a command without a home of its own works in the root directory",
          "[delivery_worker][run_command]") {
    fixture f;
    const std::string note = f.home / "note";
    f.job.path = "/";
    SECTION("there is none") { f.job.home = f.home / "missing"; }
    SECTION("it is a file") {
        f.job.home = f.home / "file";
        test::write_file(f.job.home, "x");
    }
    SECTION("there is one") { f.job.path = "/nowhere"; }
    CHECK(f.shell("pwd > " + note).is_success());
    CHECK(test::read_file(note) == (f.job.path == "/" ? "/" : f.job.home) + "\n");
}

TEST_CASE("a program is looked for in the PATH that the command has, and not in the home",
          "[delivery_worker][run_command]") {
    fixture f;
    test::write_file(f.home / "tool", "#!/bin/sh\necho ran > file\n");
    ::chmod((f.home / "tool").c_str(), 0755);
    f.job.environment = {"PATH=:.:/nowhere"};
    CHECK(f.run({"tool"}).is_transient());
    f.job.environment = {"PATH=/nowhere:" + f.home.path()};
    CHECK(f.run({"tool"}).is_success());
    CHECK(f.file("file") == "ran\n");
}

TEST_CASE("a command has the signals that programs expect", "[delivery_worker][run_command]") {
    fixture f;
    CHECK(f.shell("grep -E 'Sig(Ign|Blk)' /proc/self/status | cut -f 2 > signals").is_success());
    std::istringstream masks(f.file("signals"));
    // Up to 31: the two above are the C library's own, and not ours to set.
    for (std::uint64_t mask = 0, i = 0; i < 2; ++i) {
        REQUIRE(masks >> std::hex >> mask);
        CHECK((mask & 0x7fffffffU) == 0);
    }
}

TEST_CASE("a command ends when the mail's other side is gone", "[delivery_worker][run_command]") {
    fixture f;
    f.job.arguments = {"sh", "-c", "echo $$ > pid; sleep 60"};
    SECTION("before the whole mail is there") {
        f.wire.hang_up();
        delivery_worker::job_content content(f.wire.near(), 100);
        CHECK(run_command(f.job, content).is_transient());
    }
    SECTION("after that") {
        std::thread leaving([&] {
            CHECK(comes([&] { return !f.file("pid").empty(); }));
            f.wire.hang_up();
        });
        delivery_worker::job_content content(f.wire.near(), 0);
        CHECK(run_command(f.job, content).is_transient());
        leaving.join();
        CHECK(::kill(std::stoi(f.file("pid")), 0) != 0);
    }
}

TEST_CASE("nothing is run as root", "[delivery_worker][run_command]") {
    const fixture f;
    test::worker_connection worker;
    const job what{.operation = job::kind::run,
                   .home = f.home.path(),
                   .arguments = {"sh", "-c", "echo ran > file"},
                   .environment = {path_of_system}};
    const auto said = worker.ask(what, "x\r\n");
    if (::geteuid() == 0) {
        CHECK(said.enhanced() == "4.3.5");
        CHECK_FALSE(fs::exists(f.home / "file"));
    } else {
        CHECK(said.is_success());
    }
}
