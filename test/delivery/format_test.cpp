#include "waypost/delivery/format.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using namespace waypost;
using namespace waypost::delivery;

namespace {

format_values values_of(std::string_view sender, std::string_view rcpt, std::string_view dest) {
    return {.sender = mail::reverse_path::from_text(sender).value(),
            .rcpt = mail::mailbox::parse(rcpt).value(),
            .dest = mail::mailbox::parse(dest).value(),
            .username = "gilles",
            .directory = "/home/gilles"};
}
const format_values usual = values_of("Bob+x@From.example", "info@example.org", "gilles+lists@example.org");

format made_of(std::string_view text) {
    auto made = format::parse(text);
    if (auto* wrong = std::get_if<format_fault>(&made)) throw std::runtime_error(wrong->text);
    return std::get<format>(std::move(made));
}
std::string filled(std::string_view text, const format_values& with = usual) {
    auto made = made_of(text).expand(with);
    return made.has_value() ? *made : made.error().message();
}
std::string filled_path(std::string_view text, const format_values& with = usual) {
    auto made = made_of(text).expand_path(with);
    return made.has_value() ? *made : made.error().message();
}
/// "OCTET: what is wrong; what to write"
std::string fault_of(std::string_view text) {
    auto made = format::parse(text);
    const auto* wrong = std::get_if<format_fault>(&made);
    return wrong == nullptr ? "" : std::to_string(wrong->position) + ": " + wrong->text + "; " + wrong->hint;
}

const std::string too_short = make_error_code(format_errc::no_such_part).message();
const std::string no_component = make_error_code(format_errc::no_component).message();

}  // namespace

TEST_CASE("each specifier stands for its value", "[delivery][format]") {
    CHECK(filled("%{sender} %{sender.user} %{sender.domain}") == "Bob+x@from.example Bob+x from.example");
    CHECK(filled("%{rcpt} %{rcpt.user} %{rcpt.domain}") == "info@example.org info example.org");
    CHECK(filled("%{dest} %{dest.user} %{dest.domain}") == "gilles+lists@example.org gilles+lists example.org");
    CHECK(filled("%{user.username}:%{user.directory}") == "gilles:/home/gilles");
    CHECK(filled("%{Dest.User} %{mbox.from}") == "gilles+lists Bob+x@from.example");
    CHECK(filled("100%% %x % %") == "100% %x % %");
    CHECK(made_of("100%%").is_literal());
    CHECK_FALSE(made_of("a%{rcpt}").is_literal());
    CHECK(format::literal("%{rcpt} %u").expand(usual).value() == "%{rcpt} %u");
}

TEST_CASE("the null reverse-path is nothing, and MAILER-DAEMON in mbox.from", "[delivery][format]") {
    CHECK(filled("<%{sender}|%{sender.user}|%{sender.domain[3:]}> %{mbox.from}", values_of("", "a@b", "a@b")) ==
          "<||> MAILER-DAEMON");
}

TEST_CASE("a part of a value is cut as OpenSMTPD cuts it", "[delivery][format]") {
    CHECK(filled("%{rcpt.domain[0]}%{rcpt.domain[1]}") == "ex");
    CHECK(filled("%{rcpt.domain[8:]} %{rcpt.domain[-3:]}") == "org org");
    CHECK(filled("%{rcpt.domain[0:6]} %{rcpt.domain[:-4]} %{rcpt.domain[0:-4]}") == "example example example");
    CHECK(filled("%{rcpt.domain[2:99]}%{rcpt.domain[-1]}") == "ample.orgg");
    CHECK(filled("%{rcpt.domain[0:1]:uppercase}") == "EX");
    CHECK(filled("%{rcpt.user[4]}") == too_short);
    CHECK(filled("%{rcpt.user[-5:]}") == too_short);
    CHECK(filled("%{rcpt.user[3:-3]}") == too_short);
}

TEST_CASE("modifiers change letters, strip the tag and leave octets raw", "[delivery][format]") {
    CHECK(filled("%{sender.user:lowercase} %{sender.user:UPPERCASE} %{sender:strip|lowercase}") ==
          "bob+x BOB+X bob@from.example");
    CHECK(filled("%{dest.user:strip}") == "gilles");
    format_values with = values_of("\"a+b@c d\"@x", "a-b@x", "a@x");
    CHECK(filled("%{sender.user:strip} %{sender:strip}", with) == "a :a:@x");
    CHECK(filled_path("/%{sender.user:strip} %{sender:strip}", with) == "/a \"a\"@x");
    with.tag_delimiter = '-';
    CHECK(filled("%{rcpt:strip}", with) == "a@x");
    with = values_of("!#$%&'*?`{|}~@x", "a@x", "a@x");
    CHECK(filled("%{sender.user} %{sender:raw}", with) == "::::::::::::: !#$%&'*?`{|}~@x");
    CHECK(filled_path("/%{sender.user} %{sender:raw}", with) == "/::::::::::::: !#$%&'*?`{|}~@x");
}

TEST_CASE("of a value in an argument only what is allowed is kept", "[delivery][format]") {
    std::string all;  // but those that a quoted string has with a backslash
    for (char c = ' '; c <= '~'; ++c) all += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    CHECK(filled("<%{sender.user}>", values_of("\"" + all + "\"@x", "a@x", "a@x")) ==
          "<::::::::"
          ":::+:-.:0123456789"
          ":::=::@ABCDEFGHIJKLMNOPQRSTUVWXYZ:::^_:abcdefghijklmnopqrstuvwxyz::::>");
    format_values with = usual;
    with.username = "j\xc3\xbcrgen\x7f\n";
    CHECK(filled("%{user.username}", with) == "j::rgen::");
    with.directory = "/home/a b";
    CHECK(filled("%{user.directory}", with) == "/home/a b");
}

TEST_CASE("a value in an argument is no path", "[delivery][format]") {
    const auto value = [](std::string_view local, std::string_view text) {
        return filled(text, values_of(std::string(local) + "@x", "a@x", "a@x"));
    };
    CHECK(value("SRS0=aB/c=1Z=y.example=joe", "%{sender}") == "SRS0=aB:c=1Z=y.example=joe@x");
    CHECK(value("SRS0=aB/c=1Z=y.example=joe", "-f%{sender}") == "-fSRS0=aB:c=1Z=y.example=joe@x");
    CHECK(value("a/.qx-id-./b", "/%{sender.user}/") == "/a:.qx-id-.:b/");
    CHECK(value("/etc/passwd", "%{sender.user}") == ":etc:passwd");
    CHECK(value("tmp/x", "%{sender.user}") == "tmp:x");
    CHECK(value("\"a/../../b\"", "%{sender.user}") == "a:..:..:b");
    CHECK(value("\"..\"", "%{sender.user}") == "::");
    CHECK(value("\"..\"", "d/%{sender.user}") == "d/::");
    CHECK(value("\"./x/.\"", "%{sender.user}") == "::x:.");
}

TEST_CASE("a value that begins an argument begins with a letter, a digit or an underscore", "[delivery][format]") {
    const auto value = [](std::string_view sender, std::string_view text) {
        return filled(text, values_of(std::string(sender), "=a@x", "a@x"));
    };
    for (const std::string first : {"+", "=", "-", "^"}) {
        CHECK(value(first + "a@x", "%{sender}") == ":a@x");
        CHECK(value(first + "a@x", "-f%{sender}") == "-f" + first + "a@x");
    }
    CHECK(value("\"@rc\"@x", "%{sender.user}") == ":rc");
    CHECK(value("\".rc\"@x", "%{sender.user}") == ":rc");
    CHECK(value("_a@x", "%{sender}") == "_a@x");
    CHECK(value("0a@x", "%{sender.user[0:]}") == "0a");
    CHECK(value("", "%{sender}") == "");
    CHECK(value("", "%{sender}%{rcpt}") == ":a@x");
}

TEST_CASE("a value in front of an argument is no option", "[delivery][format]") {
    const format_values with = values_of("-oQ/tmp@x", "a@x", "a@x");
    CHECK(filled("%{sender}", with) == ":oQ:tmp@x");
    CHECK(filled("%{sender:raw}", with) == "-oQ/tmp@x");
    CHECK(filled("-f%{sender}", with) == "-f-oQ:tmp@x");
    const format_values null = values_of("", "-a@x", "a@x");
    CHECK(filled("%{sender}%{rcpt}", null) == ":a@x");
    CHECK(filled("%{sender}-x", null) == "-x");
}

TEST_CASE("what is wrong with a text is found where it stands", "[delivery][format]") {
    CHECK(fault_of("/m/%{user.name}").starts_with("5: unknown format specifier %{user.name}; write %{sender}, "));
    CHECK(fault_of("%{}").starts_with("2: unknown format specifier %{}"));
    CHECK(fault_of("%{rcpt") == "0: a format specifier has no end; write \"}\" behind it");
    CHECK(fault_of("%{mda}") == "2: %{mda} is for a wrapper; write the command itself");
    CHECK(fault_of("/%u") ==
          "1: \"%u\" is a format specifier of before 2013; write %{user.username}, %{dest.user} or %{dest.domain}, or "
          "%%u if it is meant as it is");
    for (const std::string part : {"[]", "[", "[a]", "[1:2:3]", "[2:1]", "[-1:-2]", "[9999999]", "[1 ]"}) {
        CHECK_THAT(fault_of("%{rcpt" + part + "}"), Catch::StartsWith("6: no part can be read in"));
    }
    CHECK_THAT(fault_of("%{rcpt[1]x}"), Catch::StartsWith("9: something follows the part"));
    for (const std::string modifier : {"", "x", "lowercase,raw", "lowercase|"}) {
        CHECK_THAT(fault_of("%{rcpt:" + modifier + "}"), Catch::StartsWith("7: unknown modifier"));
    }
    CHECK(fault_of(std::string_view("a\0b", 3)) == "1: there is a NUL in the text; remove it");
}

TEST_CASE("what grows too long is refused", "[delivery][format]") {
    const std::string text(format::longest - 4, 'x');
    CHECK(made_of(text + "%{rcpt.user}").expand(usual).value().size() == format::longest);
    CHECK(made_of(text + "x%{rcpt.user}").expand(usual).error() == format_errc::too_long);
    CHECK(made_of(text + "x%{rcpt.user}").expand_path(usual).error() == format_errc::too_long);
}

TEST_CASE("a path begins at home and has what the text says", "[delivery][format]") {
    CHECK(filled_path("~/Mail/%{dest.user:strip}") == "/home/gilles/Mail/gilles");
    CHECK(filled_path("%{user.directory}/../x//") == "/home/gilles/../x//");
    CHECK(filled_path("/m/~/x") == "/m/~/x");
    CHECK(filled_path("/m/%{dest.domain}/%{dest.user[0]}/%{dest.user}") == "/m/example.org/g/gilles+lists");
    format_values homeless = usual;
    homeless.directory.clear();
    CHECK(filled_path("~/Mail", homeless) == no_component);
    CHECK(filled_path("%{user.directory}/Mail", homeless) == no_component);
}

TEST_CASE("no value leads out of a path", "[delivery][format]") {
    const auto path_for = [](std::string_view local, std::string_view text) {
        return filled_path(text, values_of("", std::string(local) + "@x", "a@x"));
    };
    CHECK(path_for("\"../../etc\"", "/m/%{rcpt.user}") == "/m/..:..:etc");
    CHECK(path_for("\"..\"", "/m/%{rcpt.user}/x") == "/m/::/x");
    CHECK(path_for("\"..a\"", "/m/%{rcpt.user[0:1]:raw}/x") == "/m/::/x");
    CHECK(path_for("\"/x\"", "/m%{rcpt.user:raw}") == "/m:x");
    CHECK(path_for("\"\"", "/m/%{rcpt.user}") == no_component);
    CHECK(path_for("a", "/m/.%{sender.user}") == no_component);
    CHECK(path_for("a", "/m/.%{sender.user}./x") == no_component);
    CHECK(path_for("-rf", "%{rcpt.user}/x") == "-rf/x");
}

TEST_CASE("whatever an address is, its path has the text's slashes and no way up", "[delivery][format]") {
    std::mt19937 chance(20121207);
    const auto below = [&](unsigned n) { return static_cast<unsigned>(chance() % n); };
    const auto local_part = [&] {
        static constexpr const char* bits[] = {"../", "..", ".", "/", "%", "%{rcpt}", "-", "\\\\", "\\\"", "~/", " "};
        std::string text;
        for (unsigned octets = below(below(4) == 0 ? 120 : 8); text.size() < octets;) {
            if (below(2) == 0) {
                text += bits[below(std::size(bits))];
                continue;
            }
            const char c = static_cast<char>(' ' + below(95));
            if (c == '"' || c == '\\') text += '\\';
            text += c;
        }
        return "\"" + text + "\"@x.example";
    };
    static constexpr const char* texts[] = {
        "/m/%{rcpt.user}",        "~/%{rcpt.user}/y",    "/m/%{sender.user:raw}/%{rcpt.user:strip}",
        "m/.%{rcpt.user[0:1]}",   "%{rcpt:raw}/%{dest}", "/m/%{dest.user[0]}/%{dest.user[1]:raw}/%{dest.user}/",
        "/m/%{rcpt.user}%{dest}", "/m/%{mbox.from:raw}", "/m/%{sender.user[-2:]:raw}%{rcpt.user[-1]:raw}/z"};
    std::size_t paths = 0;
    for (int round = 0; round < 20'000; ++round) {
        const format_values with = values_of(local_part(), local_part(), local_part());
        const std::string_view text = texts[below(std::size(texts))];
        const auto path = made_of(text).expand_path(with);
        if (path.has_error()) continue;  // nothing of [1], or nothing at all
        ++paths;
        INFO(text << " " << with.sender.text() << " " << with.rcpt.text() << " -> " << *path);
        const auto in_home = text.starts_with("~/") ? std::ranges::count(with.directory, '/') : 0;
        REQUIRE(std::ranges::count(*path, '/') == std::ranges::count(text, '/') + in_home);
        const std::string padded = "/" + *path + "/";
        REQUIRE(padded.find("/../") == std::string::npos);
        REQUIRE(padded.find("/./") == std::string::npos);
    }
    CHECK(paths > 10'000);
}
