#include "last_line.hpp"

#include <catch2/catch.hpp>

using namespace waypost;

namespace {

std::string last_of(std::initializer_list<std::string_view> pieces) {
    delivery_worker::last_line line;
    for (const std::string_view each : pieces) line.add(each);
    return line.text();
}

}  // namespace

TEST_CASE("the last line that says something is the one", "[delivery_worker][last_line]") {
    CHECK(last_of({"one\ntwo\n"}) == "two");
    CHECK(last_of({"one\ntwo"}) == "two");
    CHECK(last_of({"one\r\n", "two\r\n\r\n", "  \n"}) == "two");
    CHECK(last_of({"one\n", "t", "w", "o"}) == "two");
    CHECK(last_of({"  one\t"}) == "one");
}

TEST_CASE("a command that says nothing has no last line", "[delivery_worker][last_line]") {
    CHECK(last_of({}).empty());
    CHECK(last_of({""}).empty());
    CHECK(last_of({"\n\n", " \r\n"}).empty());
}

TEST_CASE("of much that is said only the end is kept", "[delivery_worker][last_line]") {
    delivery_worker::last_line line;
    for (int i = 0; i < 10'000; ++i) line.add(std::string(1'000, 'x'));
    line.add(std::string(100'000, 'y'));
    CHECK(line.text().size() <= 1'024);
    CHECK(line.text().find('x') == std::string::npos);
    line.add("\nend\n");
    CHECK(line.text() == "end");
}

TEST_CASE("what is said is not escaped before it is shown", "[delivery_worker][last_line]") {
    CHECK(last_of({"F\xc3\xbc\\r \x1b[2J\n"}) == "F\xc3\xbc\\r \x1b[2J");
}
