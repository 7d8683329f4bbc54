#include "watched_file.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "backend_house.hpp"
#include "file_table.hpp"
#include "passwd_table.hpp"

using namespace waypost::table;
namespace async = waypost::async;
using Catch::Matchers::Contains;
using waypost::test::finish;

namespace {

struct written_house : backend_house {
    std::string path = here / "rows";

    std::unique_ptr<file_table> open() { return std::get<0>(file_table::open("t", path, context)); }
    written_house() { clock.set_wall(std::chrono::system_clock::now()); }
    /// The times of files are those of the machine.
    void later() {
        clock.advance(std::chrono::seconds(1));
        clock.set_wall(std::chrono::system_clock::now());
    }
    std::string has(table& rows, const std::string& name) { return said<domain>(rows, name); }
};

std::string hosts(int number) {
    std::string text;
    for (int i = 0; i < number; ++i) text += "u" + std::to_string(i) + "\n";
    return text;
}

}  // namespace

TEST_CASE("audit 23: while a file is written in place, the rows from before it stay in use", "[table][watched_file]") {
    written_house of;
    of.write("rows", hosts(3000));
    const auto rows = of.open();
    std::ofstream writer(of.path, std::ios::trunc);
    for (int i = 0; i < 3000; ++i) {
        writer << "u" << i << std::endl;
        if (i % 300 != 0) continue;  // 15 seconds would be too long
        of.later();
        REQUIRE(of.has(*rows, "u2999") == "u2999");
    }
    writer << "new" << std::endl;
    of.later();
    CHECK(of.has(*rows, "u2999") == "u2999");
    of.later();
    CHECK(of.has(*rows, "new") == "new");
    CHECK(of.has(*rows, "u2999") == "u2999");
    CHECK(of.warnings.empty());
}

TEST_CASE("a file that is written to every second is read all the same, to its last whole line",
          "[table][watched_file]") {
    written_house of;
    of.write("rows", "first\n");
    const auto rows = of.open();
    std::ofstream writer(of.path, std::ios::app);
    for (int second = 0; second < 15; ++second) {
        writer << "u" << second << std::endl;
        of.later();
        REQUIRE(of.has(*rows, "u0") == "none");
    }
    writer << "u15\nhalf" << std::flush;
    of.later();
    CHECK(of.has(*rows, "u15") == "u15");
    CHECK(of.has(*rows, "first") == "first");
    CHECK(of.has(*rows, "half") == "none");
    REQUIRE(of.warnings.size() == 1);
    CHECK_THAT(of.warnings[0], Contains(of.path) && Contains("written to all the time"));
    SECTION("again and again, with one warning") {
        for (int second = 16; second < 40; ++second) {
            writer << "x\nu" << second << std::endl;
            of.later();
            std::ignore = of.has(*rows, "u0");
        }
        CHECK(of.has(*rows, "u20") == "u20");
        CHECK(of.warnings.size() == 1);
    }
    SECTION("and whole when nobody writes any more") {
        of.later();
        CHECK(of.has(*rows, "half") == "half");
        CHECK(of.warnings.size() == 1);
    }
}

TEST_CASE("audit 23: a file that was renamed into place counts at the first look", "[table][watched_file]") {
    written_house of;
    of.write("rows", "one\n");
    const auto rows = of.open();
    const std::filesystem::path other = of.write("new", "two\n");
    std::filesystem::last_write_time(other, std::filesystem::last_write_time(other) - std::chrono::seconds(2));
    std::filesystem::rename(other, of.path);
    of.later();
    CHECK(of.has(*rows, "two") == "two");
    CHECK(of.has(*rows, "one") == "none");
}

TEST_CASE("a file that is written anew after the old one was moved away counts when it is whole",
          "[table][watched_file]") {
    written_house of;
    of.write("rows", hosts(3000));
    const auto rows = of.open();
    std::filesystem::rename(of.path, of.path + ".old");
    std::ofstream writer(of.path);
    for (int i = 0; i < 3000; ++i) {
        writer << "u" << i << std::endl;
        if (i % 300 != 0) continue;
        of.later();
        REQUIRE(of.has(*rows, "u2999") == "u2999");
    }
    writer << "new" << std::endl;
    of.later();
    CHECK(of.has(*rows, "u2999") == "u2999");
    of.later();
    CHECK(of.has(*rows, "new") == "new");
    CHECK(of.warnings.empty());
}

TEST_CASE("audit 23: an emptied file counts when it is still empty a second later, with a warning",
          "[table][watched_file]") {
    written_house of;
    of.write("rows", "one\n");
    const auto rows = of.open();
    SECTION("in place") { of.write("rows", ""); }
    SECTION("by another that is empty") { std::filesystem::rename(of.write("new", ""), of.path); }
    of.later();
    CHECK(of.has(*rows, "one") == "one");
    CHECK(of.warnings.empty());
    of.later();
    CHECK(of.has(*rows, "one") == "none");
    REQUIRE(of.warnings.size() == 1);
    CHECK_THAT(of.warnings[0], Contains(of.path) && Contains("no entries"));
}

TEST_CASE("audit 23: an update reads a file at once, whoever may be writing it", "[table][watched_file]") {
    written_house of;
    of.write("rows", "one\n");
    const auto rows = of.open();
    of.write("rows", "two\n");
    CHECK(finish(of.loop, rows->reload()).has_value());
    CHECK(of.has(*rows, "two") == "two");
}

TEST_CASE("audit 23: users of a passwd file stay while it is written", "[table][watched_file]") {
    written_house of;
    of.write("rows", "ada:x:1:1::/home/ada:\nbob:x:2:2::/home/bob:\n");
    const auto rows = std::get<0>(passwd_table::open("t", of.path, of.context));
    of.write("rows", "ada:x:1:1::/home/ada:\n");
    of.later();
    CHECK(of.find<userinfo>(*rows, "bob").value().has_value());
    of.write("rows", "ada:x:1:1::/home/ada:\nbob:x:2:2::/home/bob:\neve:x:3:3::/home/eve:\n");
    of.later();
    CHECK(of.find<userinfo>(*rows, "bob").value().has_value());
    of.later();
    CHECK(of.find<userinfo>(*rows, "eve").value().has_value());
}

TEST_CASE("audit 23: what tells a whole file from one that is being written", "[table][watched_file]") {
    const file_state old{.device = 1, .inode = 7, .size = 10, .modified = 5, .changed = 5};
    const async::wall_time time(std::chrono::seconds(1'000));
    file_state now = old;
    now.size = 20;
    now.changed = now.modified = 999'500'000'000;  // half a second ago
    CHECK_FALSE(is_whole(now, old, old, time));
    CHECK(is_whole(now, old, now, time));  // as it was a second ago
    file_state renamed = now;
    renamed.inode = 8;
    CHECK_FALSE(is_whole(renamed, old, old, time));  // written half a second ago, and perhaps still
    CHECK(is_whole(renamed, old, renamed, time));
    renamed.modified = 998'500'000'000;
    CHECK(is_whole(renamed, old, old, time));
    renamed.size = 0;
    CHECK_FALSE(is_whole(renamed, old, old, time));
    CHECK(is_whole(now, old, old, time + std::chrono::seconds(1)));  // nobody has written to it since
    CHECK_FALSE(is_whole(now, old, old, time - std::chrono::hours(1)));  // the clock was set back: it takes two looks
    CHECK(is_whole(file_state(), old, old, time));  // gone: what was read stays
}
