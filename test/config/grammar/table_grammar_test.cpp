#include <catch2/catch.hpp>

#include "config/texts.hpp"

using namespace waypost::config;

namespace {

std::string shown(const table_rows& rows) {
    std::string text = rows.is_map ? "map" : "list";
    for (const table_row& row : rows.rows) text += " " + row.key + (rows.is_map ? "=" + row.value : "");
    return text;
}

std::string rows_of(const std::string& text) { return shown(model_of(text).tables.at(0).rows); }

/// The backend and what it takes.
std::string origin_of(const std::string& text) {
    const model what = model_of(text);
    return what.tables.at(0).backend + ":" + what.tables.at(0).argument;
}

}  // namespace

TEST_CASE("a table is a list or a map", "[config][table_grammar]") {
    CHECK(rows_of("table t { a, b, c }") == "list a b c");
    CHECK(rows_of("table t { a = b, c => d }") == "map a=b c=d");
    CHECK(rows_of("table t { a }") == "list a");
    CHECK(rows_of("table t { \"a b\" = \"c, d\" }") == "map a b=c, d");
}

TEST_CASE("a list goes over lines, with commas or without", "[config][table_grammar]") {
    CHECK(rows_of("table t {\n a,\n b\n}") == "list a b");
    CHECK(rows_of("table t {\n a\n b,\n # nothing\n\n c,\n}") == "list a b c");
    CHECK(rows_of("table t { a,\n}") == "list a");
    CHECK(rows_of("table t {\n a = b\n c = d\n}") == "map a=b c=d");
    CHECK(rows_of("table t {\n a\n , b }") == "list a b");
}

TEST_CASE("a table may be a text file", "[config][table_grammar]") {
    CHECK(origin_of("table t /etc/t") == "file:/etc/t");
    CHECK(origin_of("table t file:/etc/t") == "file:/etc/t");
    CHECK(origin_of("table t static:/etc/t") == "file:/etc/t");
    CHECK(origin_of("table t \"file:/etc/a b\"") == "file:/etc/a b");
    CHECK(origin_of("table t /etc/a:b") == "file:/etc/a:b");
}

TEST_CASE("a table may be a database, the system's users or a program", "[config][table_grammar]") {
    CHECK(origin_of("table mytbl sqlite:/etc/mail/sqlite.conf") == "sqlite:/etc/mail/sqlite.conf");
    CHECK(origin_of("table t passwd:/etc/mail/passwd") == "passwd:/etc/mail/passwd");
    CHECK(origin_of("table t getpwnam") == "getpwnam:");
    CHECK(origin_of("table t getpwnam:") == "getpwnam:");
    CHECK(origin_of("table t ldap:/etc/mail/ldap.conf") == "ldap:/etc/mail/ldap.conf");
    CHECK(origin_of("table t \"proc:/usr/bin/prog -x 'a b'\"") == "proc:/usr/bin/prog -x 'a b'");
    CHECK(origin_of("table t proc-exec:/usr/bin/prog") == "proc:/usr/bin/prog");
}

TEST_CASE("rows know where they stand", "[config][table_grammar]") {
    const model what = model_of("table t {\n  a,\n  b }\n");
    CHECK(what.tables[0].location.line == 1);
    CHECK(what.tables[0].rows.rows[1].location.line == 3);
    CHECK(what.tables[0].rows.rows[1].location.column == 3);
}

TEST_CASE("names of today's grammar are no names, those of 2012 are", "[config][table_grammar]") {
    CHECK(model_of("table users { a }").tables[0].name == "users");
    CHECK(model_of("table \"relay\" { a }").tables[0].name == "relay");
    CHECK(fault_of("table relay { a }") ==
          "t:1:7: \"relay\" is a word of the grammar where the name of a table is wanted; put it in quotes if it is "
          "meant: "
          "\"relay\"");
}

TEST_CASE("faults of tables", "[config][table_grammar]") {
    CHECK(fault_of("table") == "t:1:6: expected the name of a table, found the end of the line");
    CHECK(fault_of("table t") == "t:1:8: expected a table's path or its rows, found the end of the line");
    CHECK(fault_of("table \"\" { a }") == "t:1:7: an empty string where the name of a table is wanted");
    CHECK(fault_of("table t { }") == "t:1:11: an empty list; write at least one string in it");
    CHECK(fault_of("table t {\n a, b = c }") ==
          "t:2:5: rows with and without a value in one list; write key = value in all of them, or in none");
    CHECK(fault_of("table t {\n a = b, c }") ==
          "t:2:9: rows with and without a value in one list; write key = value in all of them, or in none");
    CHECK(fault_of("table t { a = }") == "t:1:15: expected a value, found \"}\"");
    CHECK(fault_of("table t { , }") == "t:1:11: expected a string, found \",\"");
    CHECK(fault_of("table t {\n a,\n b\n") == "t:1:9: the \"{\" that begins here has no end; close it with }");
    CHECK(fault_of("table t { a } b") == "t:1:15: expected the end of the line, found \"b\"");
    CHECK(fault_of("table t { a }\ntable t { b }") ==
          "t:2:7: there is a table \"t\" already, at line 1; give this one another name");
    CHECK(fault_of("table t etc/t") ==
          "t:1:9: the path of a table must be absolute, and \"etc/t\" is not; write file:/path");
    CHECK(fault_of("table t file:etc/t") ==
          "t:1:9: the path of a table must be absolute, and \"file:etc/t\" is not; write file:/path");
    CHECK(fault_of("table t {\n tls }") ==
          "t:2:2: \"tls\" is a word of the grammar where a string is wanted; put it in quotes if it is meant: \"tls\"");
}

TEST_CASE("a list that is not closed hides only itself", "[config][table_grammar]") {
    CHECK(faults_of(lines({"table t {", " a,", " b", "", "listen in all"})) ==
          std::vector<std::string>{
              "t:5:1: \"listen\" is a word of the grammar where a string is wanted; put it in quotes if it is meant: "
              "\"listen\"",
              "t:5:8: expected \"on\", found \"in\"; write listen on ADDRESS, listen on INTERFACE or listen on all"});
    CHECK(faults_of(lines({"table t {", " a = b = c,", " d = e", "}", "listen in all"})).size() == 2);
    CHECK(faults_of(lines({"table t { a = b {", "listen in all"})).size() == 2);
}

TEST_CASE("a backend that does not exist is a fault with the nearest one", "[config][table_grammar]") {
    CHECK(fault_of("table t sqlite3:/x") == "t:1:9: unknown table backend \"sqlite3\"; did you mean \"sqlite\"?");
    CHECK(fault_of("table t banana:/x") ==
          "t:1:9: unknown table backend \"banana\"; use file:/path, sqlite:/path or proc:/program");
    CHECK(fault_of("table t db:/x") ==
          "t:1:9: the table backend \"db\" is not built yet; write file: and the text file it is made of");
}

TEST_CASE("what a backend takes is a path, a program or nothing", "[config][table_grammar]") {
    CHECK(fault_of("table t sqlite:x") ==
          "t:1:9: the path of a table must be absolute, and \"sqlite:x\" is not; write sqlite:/path");
    CHECK(fault_of("table t proc:prog") ==
          "t:1:9: the program of a table must be absolute, and \"proc:prog\" is not; write proc:/path/to/program");
    CHECK(fault_of("table t getpwnam:/x") ==
          "t:1:9: the table backend \"getpwnam\" takes nothing behind it; write getpwnam");
}

TEST_CASE("an error in a table's values does not show them", "[config][table_grammar]") {
    CHECK(fault_of("table t { bleh = gilles:secret word }") ==
          "t:1:32: expected \",\" or \"}\", found a string; put a string with blanks or one of (){}<>!=#, in quotes");
    CHECK(fault_of("table t { bleh = \"gilles:secret }") ==
          "t:1:18: the quote \" that begins here has no end on its line; close it with \", or end the line with \\ to "
          "go on");
    for (const std::string& fault : faults_of("table t { bleh = gilles:sec<ret }\ntable u { a = b secret }")) {
        CHECK(fault.find("ret") == std::string::npos);
    }
}

TEST_CASE("wherever a table may stand, its rows may too", "[config][table_grammar]") {
    const model what =
        model_of(lines({"action a relay host smtp://h", "action b relay host { smtp://h, smtp://i }",
                        "action c relay host <hosts>", "action d relay host <\"relay\"> auth { l = \"u:p\" }"}));
    CHECK(shown(what.actions[0].hosts->rows) == "list smtp://h");
    CHECK(shown(what.actions[1].hosts->rows) == "list smtp://h smtp://i");
    CHECK(what.actions[2].hosts->name == "hosts");
    CHECK(what.actions[3].hosts->name == "relay");
    CHECK(shown(what.actions[3].auth->rows) == "map l=u:p");
    CHECK(fault_of("action a relay host <hosts") ==
          "t:1:27: expected \">\" behind the name of a table, found the end of the line");
    CHECK(fault_of("action a relay host <>") == "t:1:22: expected the name of a table, found \">\"");
    CHECK(fault_of("action a relay host") == "t:1:20: expected a relay URL, found the end of the line");
}
