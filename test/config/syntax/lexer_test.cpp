#include "waypost/config/syntax/lexer.hpp"

#include <catch2/catch.hpp>

using namespace waypost::config;

namespace {

const position start{std::make_shared<const std::string>("t"), 1, 1};

/// Tokens in a form to compare: w:word q:quoted $macro ; for the end of a line, ? for what is broken, marks as they
/// are.
std::string shape(std::string_view text) {
    fault_list faults;
    std::string shown;
    for (const token& one : lex(text, start, faults)) {
        if (one.is == token::kind::end) break;
        if (!shown.empty()) shown += ' ';
        switch (one.is) {
            case token::kind::word: shown += "w:" + one.text; break;
            case token::kind::quoted: shown += "q:" + one.text; break;
            case token::kind::macro: shown += "$" + one.text; break;
            case token::kind::newline: shown += ';'; break;
            case token::kind::broken: shown += '?'; break;
            default: shown += one.text; break;
        }
    }
    return shown;
}

std::string faults_of(std::string_view text) {
    fault_list faults;
    (void)lex(text, start, faults);
    std::string all;
    for (const diagnostic& one : std::move(faults).take()) all += to_string(one) + "\n";
    if (!all.empty()) all.pop_back();
    return all;
}

std::string places(std::string_view text) {
    fault_list faults;
    std::string all;
    for (const token& one : lex(text, start, faults)) {
        if (one.is_text()) all += std::to_string(one.position.line) + ":" + std::to_string(one.position.column) + " ";
    }
    return all;
}

}  // namespace

TEST_CASE("words end at blanks, marks and ends of lines", "[config][lexer]") {
    CHECK(shape("listen on all\nmatch") == "w:listen w:on w:all ; w:match");
    CHECK(shape("a{b,c}<d>!e=f") == "w:a { w:b , w:c } < w:d > ! w:e = w:f");
    CHECK(shape("") == "");
    CHECK(shape(" \t ") == "");
}

TEST_CASE("= and => are the same", "[config][lexer]") {
    CHECK(shape("a = b") == "w:a = w:b");
    CHECK(shape("a => b") == "w:a = w:b");
    CHECK(shape("a=>b") == "w:a = w:b");
    CHECK(shape("a = > b") == "w:a = > w:b");
}

TEST_CASE("a word may hold what URLs, hashes and addresses are made of", "[config][lexer]") {
    CHECK(shape("tls+auth://bleh@mail.poolp.org:587") == "w:tls+auth://bleh@mail.poolp.org:587");
    CHECK(shape("gilles:$6$salt$hash./x") == "w:gilles:$6$salt$hash./x");
    CHECK(shape("/etc/x @example.org *.example.org [::1]:25 ::1 _x ~/Maildir -") ==
          "w:/etc/x w:@example.org w:*.example.org w:[::1]:25 w:::1 w:_x w:~/Maildir w:-");
    CHECK(shape("a\"b'c\\d;e|f&g") == "w:a\"b'c\\d;e|f&g");
}

TEST_CASE("a comment goes to the end of its line, and on with a backslash", "[config][lexer]") {
    CHECK(shape("# all of it\na") == "; w:a");
    CHECK(shape("a#b\nc") == "w:a ; w:c");
    CHECK(shape("# one \\\n two\nb") == "; w:b");
    CHECK(shape("# it's \"fine\" $ ` \xff\nb") == "; w:b");
}

TEST_CASE("a backslash at the end of a line continues it", "[config][lexer]") {
    CHECK(shape("a \\\n b\nc") == "w:a w:b ; w:c");
    CHECK(shape("a \\\r\n b\r\nc") == "w:a w:b ; w:c");
    CHECK(shape("ab\\\ncd") == "w:abcd");
    CHECK(shape("\"a\\\nb\"") == "q:ab");
    CHECK(shape("a\\\n\\\n\\\nb") == "w:ab");
    CHECK(shape("a \\") == "w:a ?");
}

TEST_CASE("quotes of both kinds hold what the other is made of", "[config][lexer]") {
    CHECK(shape(R"("it's" '"x"' "")") == R"(q:it's q:"x" q:)");
    CHECK(shape(R"("a # b" '{ , }')") == "q:a # b q:{ , }");
    CHECK(shape(R"("$name" '$name')") == "q:$name q:$name");
    CHECK(shape("\"\xc3\xa4\"") == "q:\xc3\xa4");
}

TEST_CASE("in quotes a backslash takes the meaning of the quote, and stays before all else", "[config][lexer]") {
    CHECK(shape(R"("a\"b")") == R"(q:a"b)");
    CHECK(shape(R"('a\'b')") == R"(q:a'b)");
    CHECK(shape(R"("a\'b")") == R"(q:a\'b)");
    CHECK(shape(R"("^a\.b\d$")") == R"(q:^a\.b\d$)");
    CHECK(shape(R"("a\ b")") == "q:a b");
}

TEST_CASE("a macro is a name behind a dollar at the beginning of a word", "[config][lexer]") {
    CHECK(shape("$name $x_1,$y") == "$name $x_1 , $y");
    CHECK(shape("a$b") == "w:a$b");
}

TEST_CASE("a byte order mark and CRLF are tolerated", "[config][lexer]") {
    CHECK(shape("\xef\xbb\xbfmatch\r\nx\r\n") == "w:match ; w:x ;");
}

TEST_CASE("every token knows its line and column", "[config][lexer]") {
    CHECK(places("ab cd\n  ef \"gh\" ij") == "1:1 1:4 2:3 2:6 2:11 ");
    CHECK(places("ab \\\n cd\nef") == "1:1 2:2 3:1 ");
    CHECK(places("# x \\\n y\n\tz") == "3:2 ");
}

TEST_CASE("a quote without an end is reported where it begins, and its line alone is lost", "[config][lexer]") {
    CHECK(faults_of("ab \"cd\nef") ==
          "t:1:4: the quote \" that begins here has no end on its line; close it with \", or end "
          "the line with \\ to go on");
    CHECK(faults_of("'") ==
          "t:1:1: the quote ' that begins here has no end on its line; close it with ', or end the line with \\ to go "
          "on");
    CHECK(shape("ab \"cd\nef") == "w:ab ? ; w:ef");
    CHECK(shape("\"abc\\\"") == "?");
}

TEST_CASE("control characters are reported by their code", "[config][lexer]") {
    using namespace std::literals;
    CHECK(faults_of("ab\0cd\nx"sv) == "t:1:3: a control character: \\x00; remove it; a configuration is plain text");
    CHECK(faults_of("\x1b[31m") == "t:1:1: a control character: \\x1b; remove it; a configuration is plain text");
    CHECK(faults_of("a \r b") == "t:1:3: a control character: \\x0d; remove it; a configuration is plain text");
    CHECK(faults_of("\"a\x07\"") == "t:1:3: a control character: \\x07; remove it; a configuration is plain text");
    CHECK(shape("a\x01 b c\nd") == "? ; w:d");
}

TEST_CASE("what a web page made of quotes and blanks is told from other stray bytes", "[config][lexer]") {
    CHECK(faults_of("host \xe2\x80\x9cx\xe2\x80\x9d") ==
          "t:1:6: unexpected \\xe2\\x80\\x9c; write a plain \" instead of the typographic one");
    CHECK(faults_of("\xe2\x80\x98x") ==
          "t:1:1: unexpected \\xe2\\x80\\x98; write a plain ' instead of the typographic one");
    CHECK(faults_of("a \xc2\xa0 b") ==
          "t:1:3: unexpected \\xc2\\xa0 ; write a plain blank instead of the no-break one");
    CHECK(faults_of("a \xe2\x80\x93v") == "t:1:3: unexpected \\xe2\\x80\\x93; write a plain - instead of the dash");
    CHECK(faults_of("m\xc3\xbcller") ==
          "t:1:2: unexpected \\xc3\\xbcl; put a string that is not plain ASCII in quotes");
}

TEST_CASE("characters that begin no word are named", "[config][lexer]") {
    CHECK(faults_of("a ;") == "t:1:3: unexpected \";\"; put a string that begins with it in quotes");
    CHECK(faults_of("`id`") == "t:1:1: unexpected \"`\"; put a string that begins with it in quotes");
    CHECK(faults_of("a \\b") == "t:1:3: unexpected \"\\x5c\"; put a string that begins with it in quotes");
    CHECK(faults_of("a $ b") ==
          "t:1:3: \"$\" without a name; a macro is used as $name; put a string that begins with $ in quotes");
}

TEST_CASE("a string longer than any is reported without being shown", "[config][lexer]") {
    const std::string expected =
        "t:1:3: a string of more than 16 KiB begins here; long lists belong in a file: table NAME file:/path";
    CHECK(faults_of("a " + std::string(1U << 20, 'x')) == expected);
    CHECK(faults_of("a \"" + std::string(1U << 20, 'x') + "\"") == expected);
    CHECK(faults_of("a $" + std::string(1U << 20, 'x')) == expected);
    CHECK(faults_of(std::string(longest_string, 'x')).empty());
}

TEST_CASE("a line of many megabytes is read", "[config][lexer]") {
    std::string text = "table t {";
    for (int i = 0; i < 200'000; ++i) text += " entry,";
    text += " }\n";
    fault_list faults;
    CHECK(lex(text, start, faults).size() == 400'006);
    CHECK_FALSE(faults.any_fault());
}

TEST_CASE("a macro's value has no comments, no lines and no place of its own", "[config][lexer]") {
    fault_list faults;
    const position used{start.file, 7, 9};
    const auto tokens = lex_macro("{ a, \"b c\" }", used, faults);
    CHECK(tokens.size() == 6);
    for (const token& one : tokens) {
        CHECK(one.position.line == 7);
        CHECK(one.position.column == 9);
    }
    (void)lex_macro("a#b", used, faults);
    (void)lex_macro("a\nb", used, faults);
    const auto all = std::move(faults).take();
    REQUIRE(all.size() == 2);
    CHECK(to_string(all[0]) ==
          "t:7:9: \"#\" in the value of a macro; give the value quotes of its own: name = '\"a#b\"'");
    CHECK(to_string(all[1]) == "t:7:9: a control character: \\x0a; remove it; a configuration is plain text");
}

TEST_CASE("what can stand bare is what the lexer reads back as one word", "[config][lexer]") {
    for (const std::string text : {"abc", "a$b", "/x", "a\"b", "1.2.3.4", "a\\b"}) {
        CHECK(can_be_bare(text));
        CHECK(shape(text) == "w:" + text);
    }
    for (const std::string text : {"", "$a", "a b", "a#b", "a=b", "\"a\"", "a,b", "\xc3\xa4"}) {
        CHECK_FALSE(can_be_bare(text));
    }
}
