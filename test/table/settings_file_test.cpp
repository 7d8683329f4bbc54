#include "settings_file.hpp"

#include <catch2/catch.hpp>

#include "backend_house.hpp"

using namespace waypost::table;

TEST_CASE("a setting is a key, a blank or a colon, and the rest of the line", "[table][settings_file]") {
    auto file = settings_file::parse("f",
                                     "\xef\xbb\xbf# a comment\r\n\r\n  dbpath   /tmp/x y\r\n"
                                     "query_alias:select a from b where c=?; # no comment  \n\tlast\tline");
    CHECK(file.take("dbpath")->value == "/tmp/x y");
    const auto query = file.take("query_alias");
    CHECK(query->value == "select a from b where c=?; # no comment  ");
    CHECK(query->line == 4);
    CHECK(file.take("last")->value == "line");
    CHECK_FALSE(file.take("none"));
    CHECK(std::move(file).faults().empty());
}

TEST_CASE("what is wrong in a file is all told, each with its line", "[table][settings_file]") {
    auto file = settings_file::parse("f", "a 1\nb\na 2\nc\x01 3\n: x\nn 0\n");
    CHECK(file.take("a")->value == "1");
    CHECK_FALSE(file.take("b"));
    CHECK_FALSE(file.require("d", "write d /path"));
    CHECK(file.take_number("n", 7) == 7);
    CHECK(shown(std::move(file).faults()) ==
          "0: \"d\" is missing; write d /path\n"
          "2: \"b\" has no value\n"
          "3: \"a\" is there already, in line 1; remove one of them\n"
          "4: \"c\\x01\" is no key of this file; there are a, b, d, n\n"
          "5: a value without a key\n"
          "6: \"n\" is no number from 1 on; write n 7");
}

TEST_CASE("a file that cannot be read has that fault only", "[table][settings_file]") {
    auto missing = settings_file::read("/nonexistent/x");
    CHECK_FALSE(missing.require("d", ""));
    CHECK(shown(std::move(missing).faults()) == "0: it cannot be read: No such file or directory");
    CHECK(shown(settings_file::read("/").faults()) == "0: it cannot be read: it is a directory");
    CHECK(shown(settings_file::parse("f", std::string("a b\0c\nd e\n", 10)).faults()) ==
          "1: a NUL byte: this is no text file");
}
