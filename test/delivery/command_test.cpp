#include "waypost/delivery/command.hpp"

#include <catch2/catch.hpp>

using namespace waypost;
using namespace waypost::delivery;

namespace {

const format_values usual{.sender = mail::reverse_path::from_text("\"-x;$(id)\"@x").value(),
                          .rcpt = mail::mailbox::parse("info@example.org").value(),
                          .dest = mail::mailbox::parse("joe+lists@example.org").value(),
                          .username = "joe",
                          .directory = "/home/joe"};

/// The arguments, each in brackets.
std::string shown(const command& command) {
    const auto all = command.arguments(usual);
    if (all.has_error()) return all.error().message();
    std::string text;
    for (const std::string& one : *all) text += "[" + one + "]";
    return text;
}
std::string shown(const std::variant<command, format_fault>& parsed) {
    if (const auto* good = std::get_if<command>(&parsed)) return shown(*good);
    const auto& wrong = std::get<format_fault>(parsed);
    return std::to_string(wrong.position) + ": " + wrong.text + "; " + wrong.hint;
}
std::string split(std::string_view text) { return shown(command::parse(text)); }
std::string split_plain(std::string_view text) { return shown(command::parse_plain(text)); }
std::string wrapped(std::string_view text, std::string_view in) {
    auto outer = wrapper::parse(in);
    if (const auto* wrong = std::get_if<format_fault>(&outer))
        return std::to_string(wrong->position) + ": " + wrong->text + "; " + wrong->hint;
    return shown(std::get<command>(command::parse(text)).wrapped_in(std::get<wrapper>(outer)));
}
std::string for_sh(std::string_view text) { return "[/bin/sh][-c][" + std::string(text) + "]"; }

}  // namespace

TEST_CASE("a command is split as a shell splits it", "[delivery][command]") {
    CHECK(split("/bin/cat") == "[/bin/cat]");
    CHECK(split(" dovecot-lda  -f\tx ") == "[dovecot-lda][-f][x]");
    CHECK(split(R"(a 'b c' "d 'e" f\ g "" 'h'i"j")") == "[a][b c][d 'e][f g][][hij]");
    CHECK(split(R"(a "\"\\\$\x" '\x' \')") == R"([a]["\$\x][\x]['])");
    CHECK(split("a '|&;<>()$`*?#~' \"|&;*?#~\" b#c d~e \\*") == "[a][|&;<>()$`*?#~][|&;*?#~][b#c][d~e][*]");
    CHECK(split("a 'b") == "2: a quote is not closed; write a second one");
    CHECK(split("a \\") == "2: a backslash with nothing behind it; remove it");
    CHECK(split(" ") == "0: there is no command; write a program and its arguments");
    CHECK(split("'' a") == "0: the program has no name; write a program and its arguments");
}

TEST_CASE("each argument is a format, and one value is one argument", "[delivery][command]") {
    CHECK(split("lda -d %{dest.user:strip|uppercase} -f %{sender} %{rcpt[0:1]}x 50%%") ==
          R"x([lda][-d][JOE][-f][:-x:::id::@x][inx][50%])x");
    CHECK(split("lda '%{dest.user}' \"%{rcpt}\"") == "[lda][joe+lists][info@example.org]");
    CHECK(split("lda -- %{sender.user} %{sender.user:raw}") == "[lda][--][:x:::id:][-x;$(id)]");
    CHECK(split("lda %{foo} x").starts_with("6: unknown format specifier %{foo}"));
    CHECK(split("lda %{mda}") == "6: %{mda} is for a wrapper; write the command itself");
}

TEST_CASE("the home stands for a tilde in front of a word", "[delivery][command]") {
    CHECK(split("~/bin/sort ~/x '~/y' a~/z") == "[/home/joe/bin/sort][/home/joe/x][~/y][a~/z]");
    CHECK(split("ls ~root") == for_sh("ls ~root"));
}

TEST_CASE("what only a shell understands goes to one", "[delivery][command]") {
    for (const std::string text : {"a | b",       "a && b",  "a; b",  "a > b",     "a <b",    "(a)",   "a $HOME",
                                   "a \"$HOME\"", "a `b`",   "a *",   "a b?",      "a [x]",   "a # b", "a\nb",
                                   "exec a",      "exit 75", "X=1 a", "IFS=' ' a", "cd /; a", ". a",   "if true"}) {
        CHECK(split(text) == for_sh(text));
        CHECK(split_plain(text) == for_sh(text));
    }
    CHECK(split("a | b 100%%") == for_sh("a | b 100%"));
    CHECK(split("a exec X=1 .") == "[a][exec][X=1][.]");
    CHECK(split("'exec' a") == "[exec][a]");
}

TEST_CASE("no value is put into what a shell reads", "[delivery][command]") {
    CHECK(split("a | b %{sender}") ==
          "6: %{sender} in a text for the shell, which would read its value as commands; write \"$SENDER\"");
    CHECK(split("a %{dest.user} >/tmp/x").find("write \"$LOCAL\"") != std::string::npos);
    CHECK(
        split("cat > '%{rcpt.user[0]}'").find("; give it as an argument: sh -c 'command \"$1\"' sh %{rcpt.user[0]}") !=
        std::string::npos);
    CHECK(split("sh -c 'lda %{rcpt}'").starts_with("10: %{rcpt} in a text for the shell"));
    for (const std::string text :
         {"/bin/bash -ec 'a %{rcpt}'", "env X=1 sh -c %{rcpt}", "timeout 5 dash -x -c \"%{rcpt:raw}\"",
          "sh -o pipefail -c 'a %{rcpt}'", "su joe -c 'a %{rcpt}'"}) {
        CHECK_THAT(split(text), Catch::Contains("in a text for the shell"));
    }
    CHECK(split("sh -c 'lda \"$1\" >x' sh %{rcpt}") == "[sh][-c][lda \"$1\" >x][sh][info@example.org]");
    CHECK(split("dash-like -c %{rcpt}") == "[dash-like][-c][info@example.org]");
}

TEST_CASE("a value stands in no word that may be code", "[delivery][command]") {
    CHECK(
        split("perl -e 'print %{sender.user}'") ==
        "8: %{sender.user} stands in \"print %{sender.user}\", which may be code; let the program read $SENDER of its "
        "environment, or give the value as an argument of its own");
    for (const std::string text :
         {"perl -e 'print q(%{sender})'", "sed 's/%{rcpt}/x/;'", "a '\"%{dest}\"'", "a \\$%{sender}", "a '%{rcpt} '",
          "a '%{sender},#%{rcpt}'", "env -S 'echo %{mbox.from}'", "a '<%{user.username}>'", "a 'x\xc2\xa0%{dest}'"}) {
        CHECK_THAT(split(text), Catch::Contains("which may be code"));
    }
    CHECK_THAT(split("a '(%{rcpt.user[0]})'"), Catch::Contains("read $ORIGINAL_RECIPIENT of"));
    CHECK_THAT(wrapped("lda", "perl -e 'x(%{rcpt})' %{mda}"), Catch::Contains("which may be code"));
    CHECK(split("lda --to=%{rcpt} a+b_c,d:%{dest.user} -d/%{dest.domain} x@%{dest.domain}") ==
          "[lda][--to=info@example.org][a+b_c,d:joe+lists][-d/example.org][x@example.org]");
    CHECK(split("a '%{user.directory}/my mail'") == "[a][/home/joe/my mail]");
}

TEST_CASE("a raw value is an argument of its own, never a part of a text", "[delivery][command]") {
    CHECK(split("lda -f %{sender:raw}") == "[lda][-f][\"-x;$(id)\"@x]");
    CHECK(split("lda x -f%{sender:raw}") ==
          "6: a raw value is only a part of \"-f%{sender:raw}\"; remove raw, or give the value as an argument of its "
          "own");
    for (const std::string text : {"perl -e 'print q(%{sender:raw})'", "lda %{sender:raw}%{rcpt}",
                                   "/lists/%{sender:raw}", "lda '%{rcpt[0:1]:lowercase|raw} '"}) {
        CHECK_THAT(split(text), Catch::Contains("a raw value is only a part of"));
    }
    CHECK_THAT(wrapped("lda", "env A=%{rcpt:raw} %{mda}"), Catch::Contains("a raw value is only a part of"));
}

TEST_CASE("a value may choose a program of a directory and no other", "[delivery][command]") {
    CHECK(split("/lists/%{dest.user:strip} x") == "[/lists/joe][x]");
    CHECK(split("/lists/%{sender}") == "[/lists/:-x:::id::@x]");
    CHECK(split("%{user.directory}/bin/x") == "[/home/joe/bin/x]");
    CHECK(split("%{dest.user}") ==
          "0: a value would choose the program; write its directory in front, as in /usr/bin/");
    auto up = usual;
    up.dest = mail::mailbox::parse("\"../bin/sh\"@x").value();
    CHECK(std::get<command>(command::parse("/lists/%{dest.user}")).arguments(up).value().front() == "/lists/..:bin:sh");
}

TEST_CASE("a command of an alias or a .forward is taken as it is", "[delivery][command]") {
    CHECK(split_plain("/bin/x %{rcpt} %u 'a b' -- \"c\"") == "[/bin/x][%{rcpt}][%u][a b][--][c]");
    CHECK(split_plain("~/bin/x %{rcpt}") == for_sh("~/bin/x %{rcpt}"));
    CHECK(split_plain("'' x").starts_with("0: the program has no name"));
    CHECK(split_plain("'x").starts_with("0: a quote is not closed"));
    CHECK(split_plain(std::string_view("a\0b", 3)) == "1: there is a NUL in the text; remove it");
    CHECK(std::get<command>(command::parse_plain("a  b")).text() == "a  b");
}

TEST_CASE("a wrapper is given the command as arguments", "[delivery][command]") {
    CHECK(wrapped("lda -d %{dest.user}", "timeout 5 %{mda}") == "[timeout][5][lda][-d][joe+lists]");
    CHECK(wrapped("lda | x", "env A=%{rcpt} %{MDA} -z") == "[env][A=info@example.org]" + for_sh("lda | x") + "[-z]");
    CHECK(wrapped("lda", "%{mda}") == "[lda]");
    CHECK(wrapped("lda 'a b'", "sh -c 'spamc | \"$@\"' sh %{mda}") == "[sh][-c][spamc | \"$@\"][sh][lda][a b]");
    CHECK(wrapped("lda", "spamc | %{mda}") ==
          "8: %{mda} in a text for the shell; write sh -c 'filter | \"$@\"' sh %{mda}");
    CHECK(wrapped("lda", "sh -c '%{mda}'").starts_with("7: %{mda} in a text for the shell"));
    CHECK(wrapped("lda", "x -%{mda}") == "3: %{mda} is only a part of a word; write it as a word of its own");
    CHECK(wrapped("lda", "x %{mda:raw}").starts_with("2: %{mda} is only a part"));
    CHECK(wrapped("lda", "timeout 5") ==
          "0: a wrapper without %{mda}: the command would never run; write %{mda} behind it");
    CHECK(wrapped("lda", "x %{foo} %{mda}").starts_with("4: unknown format specifier"));
    const auto outer = std::get<wrapper>(wrapper::parse("timeout 5 %{mda} x"));
    CHECK(std::get<command>(command::parse("lda -d")).wrapped_in(outer).text() == "timeout 5 lda -d x");
}
