#include "proc_table.hpp"
#include "test_data.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <catch2/catch.hpp>

#include "backend_house.hpp"
#include "waypost/table/backends.hpp"

using namespace waypost::table;
using waypost::test::finish;

namespace {

const std::string program = WAYPOST_TEST_DATA "/../support/table_program.py";

struct proc_house : backend_house {
    std::string log = here / "log";
    std::string rows = write("rows",
                             "alias|root|gilles@poolp.org, eric\nalias|a|b\ndomain|*.example.org|\n"
                             "source|x|192.0.2.1\nsource|y|192.0.2.2\n");
    proc_table table{"t", {program, rows, log}, context};

    std::string alias_of(const std::string& key) { return said<alias>(table, key); }
    std::size_t starts() const {
        const std::string lines = waypost::test::read_file(log);
        std::size_t count = 0;
        for (std::size_t at = 0; (at = lines.find("config|ready", at)) != std::string::npos; ++at) ++count;
        return count;
    }
    /// What a lookup says whose answer the program owes, when the time limit is over.
    std::string alias_after_the_limit(const std::string& key) {
        std::string said = "nothing";
        boost::asio::co_spawn(loop, waypost::table::find<alias>(table, key), [&](std::exception_ptr, auto answer) {
            said = answer.has_error() ? "cannot ask" : answer->value_or("none");
        });
        waypost::test::run_until(loop, [&] { return asked_for(key) && clock.sleepers() > 0; });
        clock.advance(std::chrono::seconds(5));
        waypost::test::run_until(loop, [&] { return said != "nothing"; });
        return said;
    }
    bool asked_for(const std::string& key) const {
        return waypost::test::read_file(log).find("|" + key + "\n") != std::string::npos;
    }
};

}  // namespace

TEST_CASE("a table program is asked, and answers", "[table][proc_table]") {
    proc_house of;
    CHECK(of.alias_of("root") == "gilles@poolp.org, eric");
    CHECK(of.alias_of("nobody") == "none");
    CHECK(of.said<domain>(of.table, "mx.example.org") == "*.example.org");
    CHECK(of.said<domain>(of.table, "example.net") == "none");
    CHECK(of.fetched(of.table) == "192.0.2.1");
    CHECK(of.fetched(of.table) == "192.0.2.2");
    CHECK(of.fetched(of.table) == "192.0.2.1");
    for (int i = 0; i < 2; ++i) CHECK(of.listed(of.table) == "192.0.2.2 192.0.2.1");
    CHECK(finish(of.loop, of.table.reload()).has_value());
    CHECK(of.said<netaddr>(of.table, "192.0.2.1") == "cannot ask");  // it does not serve it
    CHECK(of.starts() == 1);
    CHECK(of.warnings == std::vector<std::string>{"t: its program does not serve netaddr"});
}

TEST_CASE("questions are pipelined, and each gets its own answer", "[table][proc_table]") {
    proc_house of;
    std::vector<std::string> answers(200);
    std::size_t left = answers.size();
    for (std::size_t i = 0; i < answers.size(); ++i) {
        boost::asio::co_spawn(of.loop, find<alias>(of.table, i % 2 == 0 ? "a" : "none" + std::to_string(i)),
                              [&answers, &left, i](std::exception_ptr, auto answer) {
                                  answers[i] = answer.has_error() ? "cannot ask" : answer->value_or("none");
                                  --left;
                              });
    }
    waypost::test::run_until(of.loop, [&] { return left == 0; });
    CHECK(std::ranges::count(answers, "b") == 100);
    CHECK(std::ranges::count(answers, "none") == 100);
    CHECK(of.starts() == 1);
}

TEST_CASE("a program that cannot tell is a temporary failure of that question", "[table][proc_table]") {
    proc_house of;
    CHECK(of.alias_of("error") == "cannot ask");
    CHECK(of.warnings == std::vector<std::string>{"t: it cannot tell: the directory is closed"});
    CHECK(of.alias_of("a") == "b");
}

TEST_CASE("an answer that comes twice or too late is nobody else's", "[table][proc_table]") {
    proc_house of;
    CHECK(of.alias_of("twice") == "none");
    CHECK(of.alias_of("a") == "b");
    // Held back until the next question: the program has not answered, and is given up.
    CHECK(of.alias_after_the_limit("late") == "cannot ask");
    of.clock.advance(std::chrono::seconds(1));
    CHECK(of.alias_of("a") == "b");
    CHECK(of.alias_of("root") == "gilles@poolp.org, eric");
}

TEST_CASE("a question that is never answered fails at the limit, and the others do not", "[table][proc_table]") {
    proc_house of;
    CHECK(of.alias_of("a") == "b");
    CHECK(of.alias_after_the_limit("never") == "cannot ask");
    CHECK(of.warnings.size() == 1);
    CHECK(of.alias_of("a") == "cannot ask");  // it rests before it is started again
    of.clock.advance(std::chrono::seconds(1));
    CHECK(of.alias_of("a") == "b");
    CHECK(of.starts() == 2);
}

TEST_CASE("a program that dies or lies is started again, later each time", "[table][proc_table]") {
    proc_house of;
    for (const auto& [bad, pause] : {std::pair("die", 1), std::pair("lie", 2), std::pair("die", 4)}) {
        CHECK(of.alias_of(bad) == "cannot ask");
        CHECK(of.alias_of("a") == "cannot ask");
        of.clock.advance(std::chrono::seconds(pause) - std::chrono::milliseconds(1));
        CHECK(of.alias_of("a") == "cannot ask");
        of.clock.advance(std::chrono::milliseconds(1));
        CHECK(of.alias_of("a") == "b");
    }
    CHECK(of.starts() == 4);
    of.clock.advance(std::chrono::seconds(60));
    CHECK(of.alias_of("die") == "cannot ask");
    CHECK(of.alias_of("a") == "b");  // it had lived long: at once
}

TEST_CASE("a newline in an answer is not taken for another one", "[table][proc_table]") {
    proc_house of;
    of.alias_of("newline");  // its first line is an answer; what follows is a lie
    of.clock.advance(std::chrono::seconds(1));
    of.alias_of("a");
    of.clock.advance(std::chrono::seconds(1));
    CHECK(of.alias_of("a") == "b");
    CHECK(of.starts() == 2);
}

TEST_CASE("hostile keys cannot ask what they want", "[table][proc_table]") {
    proc_house of;
    CHECK(of.alias_of("x\ntable|0.1|0.0|t|lookup|alias|1|root") == "cannot ask");
    CHECK(of.alias_of(std::string("a\0b", 3)) == "cannot ask");
    CHECK(of.alias_of(std::string(64 << 10, 'x')) == "cannot ask");
    CHECK(of.alias_of("a|b") == "none");
    CHECK(of.alias_of("'; rm -rf / #$(x)`y`%s%n\xff") == "none");
    CHECK(of.alias_of("a") == "b");
    CHECK(of.starts() == 1);
}

TEST_CASE("a program that does not get ready or does not exist is a temporary failure", "[table][proc_table]") {
    proc_house of;
    proc_table mute("m", {program, of.rows, of.log, "--mute"}, of.context);
    std::string said;
    boost::asio::co_spawn(of.loop, find<alias>(mute, "a"), [&](std::exception_ptr, auto answer) {
        said = answer.has_error() ? "cannot ask" : "answered";
    });
    waypost::test::run_until(of.loop, [&] { return of.starts() == 1 && of.clock.sleepers() > 0; });
    of.clock.advance(std::chrono::seconds(5));
    waypost::test::run_until(of.loop, [&] { return !said.empty(); });
    CHECK(said == "cannot ask");
    proc_table missing("m", {"/nonexistent/program"}, of.context);
    CHECK(of.said<alias>(missing, "a") == "cannot ask");
    CHECK(of.warnings.back() == "m: its program /nonexistent/program cannot be started: No such file or directory");
}

TEST_CASE("a table may be asked on one loop after another", "[table][proc_table]") {
    proc_house of;
    waypost::async::real_clock clock;
    dependencies around{of.io, clock, [](std::string_view, std::string_view) {}};
    proc_table rows("t", {program, of.rows, of.log}, around);
    for (int i = 0; i < 3; ++i) {
        boost::asio::io_context loop;
        CHECK(finish(loop, find<alias>(rows, "a")).value() == "b");
    }
    CHECK(of.starts() == 1);
}

TEST_CASE("a question that is given up lets the others have their answers", "[table][proc_table]") {
    proc_house of;
    int ended = 0;
    std::string answers;
    boost::asio::cancellation_signal stop;
    boost::asio::co_spawn(of.loop, find<alias>(of.table, "never"),
                          boost::asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr, auto) { ++ended; }));
    waypost::test::run_until(of.loop, [&] { return of.asked_for("never"); });
    for (int i = 0; i < 3; ++i) {
        boost::asio::co_spawn(of.loop, find<alias>(of.table, "a"), [&](std::exception_ptr, auto answer) {
            ++ended;
            answers += answer.has_error() ? "cannot ask" : answer->value_or("none");
        });
    }
    stop.emit(boost::asio::cancellation_type::terminal);  // it was the one who read for all
    waypost::test::run_until(of.loop, [&] { return ended == 4; });
    CHECK(answers == "bbb");
}

TEST_CASE("a command line is split into words, and no shell sees it", "[table][proc_table]") {
    CHECK(std::get<0>(parse_command(program + " -x  'a b'\t\"$HOME `x`\" ''")) ==
          std::vector<std::string>{program, "-x", "a b", "$HOME `x`", ""});
    CHECK(std::get<1>(parse_command("/bin/cat 'a")) == "a quote without an end in the command line");
    CHECK(std::get<1>(parse_command("/etc/passwd")) == "\"/etc/passwd\" is no program that can be run");
    CHECK(
        std::get<1>(proc_table::find_program("nonesuch", "/x")).starts_with("there is no program table-nonesuch in "));
}
