#include "file_table.hpp"

#include <time.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "backend_house.hpp"

using namespace waypost::table;
using waypost::test::finish;

namespace {

struct file_house : backend_house {
    std::string path = here / "rows";

    std::unique_ptr<file_table> open() { return std::get<0>(file_table::open("t", path, context)); }
    /// Another file takes its place, as editors do it.
    void replace(const std::string& text) { std::filesystem::rename(write("new", text), path); }
    void later() { clock.advance(std::chrono::seconds(1)); }
};

std::chrono::nanoseconds time_of_this_thread() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

TEST_CASE("a changed table file is in use a second later", "[table][file_table]") {
    file_house of;
    of.write("rows", "a: one\n");
    const auto rows = of.open();
    CHECK(of.said<alias>(*rows, "a") == "one");
    of.replace("a: two\nb: new\n");
    CHECK(of.said<alias>(*rows, "a") == "one");  // not looked at again yet
    of.later();
    CHECK(of.said<alias>(*rows, "b") == "new");
    CHECK(of.said<alias>(*rows, "a") == "two");
    CHECK(of.warnings.empty());
}

TEST_CASE("a broken table file keeps the rows it had, and says so once", "[table][file_table]") {
    file_house of;
    of.write("rows", "a: one\n");
    const auto rows = of.open();
    of.replace("a: two\nb\n");
    for (int i = 0; i < 3; ++i) {
        of.later();
        CHECK(of.said<alias>(*rows, "a") == "one");
    }
    CHECK(of.warnings ==
          std::vector<std::string>{
              "t: " + of.path +
              ":2: an entry without a value; the first entry has one; what was read before stays in use"});
    std::filesystem::remove(of.path);
    std::filesystem::create_directory(of.path);
    of.later();
    CHECK(of.said<alias>(*rows, "a") == "one");
    std::filesystem::remove(of.path);
    of.later();
    CHECK(of.said<alias>(*rows, "a") == "one");
    CHECK(of.warnings.size() == 3);
    of.replace("a: three\n");
    of.later();
    CHECK(of.said<alias>(*rows, "a") == "three");
}

TEST_CASE("an update reads the file at once", "[table][file_table]") {
    file_house of;
    of.write("rows", "a: one\n");
    const auto rows = of.open();
    of.replace("a: two\n");
    CHECK(finish(of.loop, rows->reload()).has_value());
    CHECK(of.said<alias>(*rows, "a") == "two");
    of.replace("a\nb: c\n");
    CHECK(finish(of.loop, rows->reload()).has_error());
    CHECK(of.said<alias>(*rows, "a") == "two");
}

TEST_CASE("fetching goes on behind the last entry, wherever that stands in the new file", "[table][file_table]") {
    file_house of;
    of.write("rows", "# @list\n192.0.2.1\n192.0.2.2\n192.0.2.3\n");
    const auto rows = of.open();
    CHECK(of.fetched(*rows) == "192.0.2.1");
    CHECK(of.fetched(*rows) == "192.0.2.2");
    of.replace("# @list\n192.0.2.9\n192.0.2.8\n192.0.2.2\n192.0.2.7\n");
    of.later();
    CHECK(of.fetched(*rows) == "192.0.2.7");
    CHECK(of.fetched(*rows) == "192.0.2.9");
    CHECK(of.listed(*rows) == "192.0.2.9 192.0.2.8 192.0.2.2 192.0.2.7");
    of.replace("");
    of.later();
    CHECK(of.listed(*rows).empty());
    CHECK(of.fetched(*rows) == "none");
    of.replace("192.0.2.5\n");
    of.later();
    CHECK(of.fetched(*rows) == "192.0.2.5");
    CHECK(of.fetched(*rows) == "192.0.2.5");
}

TEST_CASE("a file of two million lines is read, and swapped without the loop standing still", "[table][file_table]") {
    file_house of;
    std::string text = "\xef\xbb\xbf";
    for (int i = 0; i < 2'000'000; ++i) text += "host" + std::to_string(i) + ".example\r\n";
    text += "cut.example";  // no end of line
    of.write("rows", "small.example\n");
    const auto rows = of.open();
    of.replace(text);
    of.later();

    bool swapped = false;
    boost::asio::co_spawn(of.loop, find<domain>(*rows, "host1999999.example"),
                          [&](std::exception_ptr, auto answer) { swapped = answer->value() == "host1999999.example"; });
    // Meanwhile the others go on with the rows that were there before.
    of.loop.poll();
    CHECK(of.said<domain>(*rows, "small.example") == "small.example");
    auto worked = time_of_this_thread();
    auto longest_turn = std::chrono::nanoseconds::zero();
    const auto has_come = [&] {
        const auto before = std::exchange(worked, time_of_this_thread());
        longest_turn = std::max(longest_turn, worked - before);
        return swapped;
    };
    waypost::test::run_until(of.loop, has_come, std::chrono::minutes(3));  // it is a lot of work for a busy machine
    // Reading takes half a second of a worker's time. No turn of the loop has any of it.
    CHECK(longest_turn < std::chrono::milliseconds(20));
    CHECK(of.said<domain>(*rows, "CUT.example") == "cut.example");
    CHECK(of.said<domain>(*rows, "small.example") == "none");
}

TEST_CASE("a directory is no table file", "[table][file_table]") {
    file_house of;
    std::filesystem::create_directory(of.path);
    auto opened = file_table::open("t", of.path, of.context);
    REQUIRE(std::holds_alternative<file_fault>(opened));
    CHECK(std::get<file_fault>(opened).text == "it is a directory");
}
