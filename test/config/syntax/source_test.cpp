#include "waypost/config/syntax/source.hpp"

#include <catch2/catch.hpp>
#include <chrono>

#include "config/texts.hpp"

using namespace waypost::config;

namespace {

/// The words that are left, each with the line and column it is said to stand at.
std::string left_of(const std::vector<token>& tokens) {
    std::string shown;
    for (const token& one : tokens) {
        if (one.is == token::kind::end) break;
        if (!shown.empty()) shown += ' ';
        shown += one.is == token::kind::newline ? ";"
                 : one.is == token::kind::broken
                     ? "?"
                     : one.text + "@" + std::to_string(one.position.line) + ":" + std::to_string(one.position.column);
    }
    return shown;
}

std::string left_of_text(const std::string& text, const macros& macros = {}) {
    fault_list faults;
    return left_of(tokens_of_text(text, "t", macros, faults));
}

}  // namespace

TEST_CASE("a macro is replaced by its words, which stand where it is used", "[config][source]") {
    CHECK(left_of_text("a = b\nx $a y") == "x@2:1 b@2:3 y@2:6 ;");
    CHECK(left_of_text("a = \"{ b, c }\"\nx $a") == "x@2:1 {@2:3 b@2:3 ,@2:3 c@2:3 }@2:3 ;");
    CHECK(left_of_text("a = '\"b c\"'\nx $a") == "x@2:1 b c@2:3 ;");
    CHECK(left_of_text("a => b\nx $a") == "x@2:1 b@2:3 ;");
    CHECK(left_of_text("user = nobody\nx $user") == "x@2:1 nobody@2:3 ;");
}

TEST_CASE("a macro is not expanded in quotes, and only from its definition on", "[config][source]") {
    CHECK(left_of_text("a = b\nx \"$a\"") == "x@2:1 $a@2:3 ;");
    CHECK(left_of_text("a = b\nx $a\na = c\nx $a") == "x@2:1 b@2:3 ; x@4:1 c@4:3 ;");
    CHECK(left_of_text("a = b\nc = $a\nx $c") == "x@3:1 b@3:3 ;");
}

TEST_CASE("a macro of the command line beats that of the file", "[config][source]") {
    CHECK(left_of_text("a = b\nx $a", {{"a", "given"}}) == "x@2:1 given@2:3 ;");
    CHECK(left_of_text("x $a", {{"a", "{ p, q }"}}) == "x@1:1 {@1:3 p@1:3 ,@1:3 q@1:3 }@1:3 ;");
    CHECK(left_of_text("x $a y", {{"a", ""}}) == "x@1:1 y@1:6 ;");
}

TEST_CASE("rows of a table are no macros", "[config][source]") {
    CHECK(left_of_text("t {\na = b\n}\nx") == "t@1:1 {@1:3 ; a@2:1 =@2:3 b@2:5 ; }@3:1 ; x@4:1 ;");
}

TEST_CASE("faults of macros stand where the macro does", "[config][source]") {
    CHECK(fault_of("\nmatch $actoin") ==
          "t:2:7: the macro $actoin is not defined; define it first: actoin = \"value\"");
    CHECK(fault_of("action1 = x\nmatch $acton1") ==
          "t:2:7: the macro $acton1 is not defined; did you mean \"action1\"?");
    CHECK(fault_of("match $acton", {{"action", "x"}}) ==
          "t:1:7: the macro $acton is not defined; did you mean \"action\"?");
    CHECK(fault_of("a = \"$b\"\nmatch $a") ==
          "t:2:7: the value of the macro $a holds a $; a macro is expanded once; give the value quotes of its own, or "
          "leave "
          "the $ name outside of its quotes");
    CHECK(fault_of("a-b = c") == "t:1:1: \"a-b\" is no name for a macro; use letters, digits and _");
    CHECK(fault_of("a =") == "t:1:3: the value of the macro \"a\" is not one string; write a = \"the whole value\"");
    CHECK(fault_of("a = b c") ==
          "t:1:7: the value of the macro \"a\" is not one string; write a = \"the whole value\"");
    CHECK(fault_of("a = {") == "t:1:5: the value of the macro \"a\" is not one string; write a = \"the whole value\"");
}

TEST_CASE("a macro that is wrong makes its uses no faults of their own", "[config][source]") {
    CHECK(faults_of("a = `\nmatch $a for any reject").size() == 1);
    CHECK(faults_of("match $b for any action x\nmatch $b reject").size() == 2);
}

TEST_CASE("an include stands for what is in its file, found beside the including one", "[config][source]") {
    const scratch_directory here;
    here.write("sub/b.conf", "include \"c.conf\"\nb $m\n");
    here.write("sub/c.conf", "m = value\nc");
    const std::string main = here.write("a.conf", "a\ninclude \"sub/b.conf\"\nd $m\n");
    fault_list faults;
    const auto tokens = tokens_of_file(main, {}, faults);
    CHECK_FALSE(faults.any_fault());
    CHECK(left_of(tokens) == "a@1:1 ; c@2:1 ; b@2:1 value@2:3 ; d@3:1 value@3:3 ;");
    CHECK(*tokens[2].position.file == here.file("sub/c.conf"));
}

TEST_CASE("an include that cannot be is reported where it is written", "[config][source]") {
    const scratch_directory here;
    CHECK(fault_of("\ninclude \"/nonexistent/x\"") ==
          "t:2:9: cannot read \"/nonexistent/x\": No such file or directory");
    CHECK(fault_of("include") == "t:1:1: \"include\" wants one file; write include \"/etc/waypost/more.conf\"");
    CHECK(fault_of("include a b") == "t:1:9: \"include\" wants one file; write include \"/etc/waypost/more.conf\"");
    CHECK(fault_of("include \"/\"") == "t:1:9: cannot read \"/\": it is a directory");
    CHECK(fault_of("include \"/dev/zero\"") == "t:1:9: cannot read \"/dev/zero\": it is not a regular file");
    const std::string self = here.write("self.conf", "include \"self.conf\"\n");
    const parsed read = parse_file(self);
    REQUIRE(read.faults.size() == 1);
    CHECK(to_string(read.faults.front()) == self + ":1:9: \"self.conf\" includes itself; remove this include");
}

TEST_CASE("faults of an included file name that file", "[config][source]") {
    const scratch_directory here;
    here.write("b.conf", "\nlisten to me\n");
    const parsed read = parse_file(here.write("a.conf", "include \"b.conf\"\n"));
    REQUIRE(read.faults.size() == 1);
    CHECK(to_string(read.faults.front()) ==
          here.file("b.conf") +
              ":2:8: expected \"on\", found \"to\"; write listen on ADDRESS, listen on "
              "INTERFACE or listen on all");
}

TEST_CASE("includes end, however they are nested", "[config][source]") {
    const scratch_directory here;
    for (int i = 0; i < 40; ++i) {
        const std::string next = "\"" + std::to_string(i + 1) + ".conf\"\n";
        here.write(std::to_string(i) + ".conf", "include " + next + "include " + next);
    }
    here.write("40.conf", "");
    const parsed read = parse_file(here.file("0.conf"));
    REQUIRE_FALSE(read.faults.empty());
    CHECK(to_string(read.faults.front()) ==
          here.file("15.conf") + ":1:9: include \"16.conf\" is nested more than 16 deep; include it higher up");
}

TEST_CASE("many includes are too many", "[config][source]") {
    const scratch_directory here;
    here.write("b.conf", "");
    std::string text;
    for (int i = 0; i < 1001; ++i) text += "include \"b.conf\"\n";
    const parsed read = parse_file(here.write("a.conf", text));
    REQUIRE(read.faults.size() == 1);
    CHECK(to_string(read.faults.front()) == here.file("a.conf") + ":1001:9: more than 1000 files are included");
}

TEST_CASE("a file too large for a configuration is refused as a whole", "[config][source]") {
    const scratch_directory here;
    const std::string path = here.write("a.conf", "# " + std::string(5U << 20, 'x'));
    const parsed read = parse_file(path);
    REQUIRE(read.faults.size() == 1);
    CHECK(to_string(read.faults.front()) == path + ": cannot read \"" + path + "\": it is larger than 4 MiB");
    CHECK(fault_of(std::string(100U << 20, 'x')) ==
          "t: the configuration is larger than 4 MiB; long lists belong in a file: table NAME file:/path");
}

TEST_CASE("a macro cannot blow a configuration up", "[config][source]") {
    std::string text = "a = \"" + std::string(16'000, '<') + "\"\n";
    for (int i = 0; i < 1000; ++i) text += "$a $a $a $a $a $a $a $a\n";
    const auto begin = std::chrono::steady_clock::now();
    const std::vector<std::string> faults = faults_of(text);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(30));
    CHECK(faults.size() <= fault_list::most + 1);
    CHECK(faults.front() == "t:33:7: more than four million words; long lists belong in a file");
}

TEST_CASE("a configuration that is not there is a fault of its file", "[config][source]") {
    const parsed read = parse_file("/nonexistent/smtpd.conf");
    REQUIRE(read.faults.size() == 1);
    CHECK(to_string(read.faults.front()) ==
          "/nonexistent/smtpd.conf: cannot read \"/nonexistent/smtpd.conf\": No such file or directory");
}
