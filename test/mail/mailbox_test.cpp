#include "waypost/mail/mailbox.hpp"
#include "test_data.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

using namespace waypost::mail;

namespace {

const domain here = *domain::parse("here.example");

std::vector<nlohmann::json> vectors(const std::string& name) {
    std::ifstream file(WAYPOST_TEST_DATA "/smtp-syntax/" + name);
    std::vector<nlohmann::json> rows;
    for (std::string line; std::getline(file, line);) rows.push_back(nlohmann::json::parse(line));
    REQUIRE_FALSE(rows.empty());
    return rows;
}

std::string text_of(std::string_view written) {
    const auto parsed = mailbox::parse(written);
    return parsed ? parsed->text() : "no mailbox";
}

std::string forward(std::string_view written) {
    const std::string_view before = written;
    const auto path = parse_forward_path(written, here);
    if (path) return path->text() + '|' + std::string(written);
    CHECK(written == before);  // left alone
    return "no path";
}

std::string reverse(std::string_view written) {
    const std::string_view before = written;
    const auto path = parse_reverse_path(written, here);
    if (path) return path->text() + '|' + std::string(written);
    CHECK(written == before);
    return "no path";
}

}  // namespace

TEST_CASE("local-parts and addresses of other servers' tests get the same verdict", "[mail][mailbox]") {
    for (const auto& row : vectors("addresses.jsonl")) {
        const auto input = row.at("input").get<std::string>();
        INFO(row.dump());
        const bool valid =
            row.at("kind") == "address" ? mailbox::parse(input).has_value() : local_part::parse(input).has_value();
        CHECK(valid == row.at("valid").get<bool>());
    }
}

TEST_CASE("reverse-paths of other servers' tests get the same verdict and the same rest", "[mail][mailbox]") {
    for (const auto& row : vectors("reverse-paths.jsonl")) {
        const auto input = row.at("input").get<std::string>();
        INFO(row.dump());
        std::string_view rest = input;
        const auto path = parse_reverse_path(rest, here);
        REQUIRE(path.has_value() == row.at("valid").get<bool>());
        if (!path) continue;
        CHECK(path->text() == row.at("path").get<std::string>());
        CHECK(rest == row.at("rest").get<std::string>());
    }
}

// The lenient server of these lines tells three things apart less than waypost does:
// - "MAIL FROM:" without a path is the null reverse-path to it; here it is a syntax error, as in reverse-paths.jsonl,
// for a
//   forgotten address must not become mail that gets no bounce.
// - a bare local-part without brackets (`MAIL FROM:user`) is an error here for the same reason; in brackets it is
// completed.
// - the blank in `RCPT TO: 0@mailblog.biz` is taken by the caller.
TEST_CASE("paths of lenient MAIL and RCPT lines are taken apart, the sloppiest refused", "[mail][mailbox]") {
    for (const auto& row : vectors("mail-rcpt-lines.jsonl")) {
        const auto line = row.at("line").get<std::string>();
        INFO(line);
        std::string_view rest = line;
        rest.remove_prefix(rest.find(':') + 1);
        if (rest.starts_with(' ')) rest.remove_prefix(1);
        const bool sloppy = rest.empty() || rest.substr(0, rest.find(' ')) == "user";
        std::optional<reverse_path> path;
        if (line.starts_with("MAIL")) {
            path = parse_reverse_path(rest, here);
        } else if (auto to = parse_forward_path(rest, here)) {
            path = reverse_path(*to);
        }
        REQUIRE(path.has_value() == !sloppy);
        if (sloppy) continue;

        auto expected = row.at("path").get<std::string>();
        std::erase_if(expected, [](char c) { return c == '<' || c == '>'; });
        if (!expected.empty() && expected.find('@') == std::string::npos) expected += "@here.example";
        CHECK(path->text() == expected);
        std::string parameters;
        for (const auto& parameter : row.at("params")) parameters += ' ' + parameter.get<std::string>();
        CHECK(rest == parameters);
    }
}

TEST_CASE("a domain is a name in lower case or an address literal", "[mail][mailbox]") {
    const std::string label63(63, 'a');
    for (const std::string& name : {std::string("example.org"), std::string("localhost"), std::string("blabla"),
                                    std::string("_dmarc.a_b.example"), std::string("xn--bcher-kva.example"),
                                    std::string("1.2.3.4"), label63 + ".org", std::string("a-b.c")}) {
        INFO(name);
        CHECK(domain::parse(name).has_value());
    }
    CHECK(domain::parse("Mail.EXAMPLE.Org")->text() == "mail.example.org");
    CHECK_FALSE(domain::parse("example.org")->is_literal());

    for (const std::string& name :
         {std::string(), std::string("."), std::string("a."), std::string(".a"), std::string("a..b"), std::string("-a"),
          std::string("a-"), std::string("a-.b"), std::string("xn---"), std::string("a b"), std::string("a/b"),
          std::string("b\xc3\xbc"
                      "cher.example"),
          std::string("a\0b", 3), std::string("a\r\n"), std::string("a@b"), label63 + "a.org", std::string("a,b"),
          std::string("$(id).example")}) {
        INFO(name);
        CHECK_FALSE(domain::parse(name).has_value());
    }
}

TEST_CASE("a domain has at most 255 octets", "[mail][mailbox]") {
    std::string name = "a";
    while (name.size() < 255) name += ".a";
    CHECK(domain::parse(name).has_value());
    CHECK_FALSE(domain::parse(name + ".a").has_value());
    CHECK_FALSE(domain::parse(std::string(65'536, 'a')).has_value());
}

TEST_CASE("an address literal holds an address, in its one spelling", "[mail][mailbox]") {
    CHECK(domain::parse("[192.0.2.1]")->text() == "[192.0.2.1]");
    CHECK(domain::parse("[192.0.2.1]")->is_literal());
    CHECK(domain::parse("[ipv6:2001:DB8:0:0::1]")->text() == "[IPv6:2001:db8::1]");
    for (const char* text :
         {"[]", "[", "]", "[1.2.3]", "[1.2.3.256]", "[1.2.3.4", "[1.2.3.4]x", "[ 1.2.3.4]", "[::1]", "[IPv6:]",
          "[IPv6:1.2.3.4]", "[IPv6:::1%eth0]", "[IPv6:12345::]", "[tag:content]", "[[1.2.3.4]]"}) {
        INFO(text);
        CHECK_FALSE(domain::parse(text).has_value());
    }
    CHECK_FALSE(domain::parse(std::string_view("[1.2.3.4\0]", 10)).has_value());
}

TEST_CASE("quoting that is not needed does not make another mailbox", "[mail][mailbox]") {
    CHECK(mailbox::parse("\"ok\"@example.org") == mailbox::parse("ok@EXAMPLE.org"));
    CHECK(mailbox::parse("Ok@example.org") != mailbox::parse("ok@example.org"));
    CHECK(text_of("\"a\\b\"@x") == "ab@x");
    CHECK(text_of("\"a.b\"@x") == "a.b@x");
    CHECK(text_of("\"a..b\"@x") == "\"a..b\"@x");
    CHECK(text_of("\"a b\"@x") == "\"a b\"@x");
    CHECK(text_of("\"a\\\"\\\\\"@x") == "\"a\\\"\\\\\"@x");
    CHECK(text_of("\"a@b\"@x") == "\"a@b\"@x");
    CHECK(text_of("\"\"@x") == "\"\"@x");
    CHECK(local_part::parse("\"a\\\"b\"")->value() == "a\"b");
    CHECK(text_of("!#$%&'*+-/=?^_`{|}~@x") == "!#$%&'*+-/=?^_`{|}~@x");
}

// Hostile input, classes 17, 18 and 63.
TEST_CASE("a hostile address is refused", "[mail][mailbox]") {
    for (const std::string& text : {std::string("\"a\r\nRCPT TO:<b>\"@x"),
                                    std::string("\"a\nb\"@x"),
                                    std::string("\"a\\\nb\"@x"),
                                    std::string("a\r@x"),
                                    std::string("a\0@x", 4),
                                    std::string("\"\0\"@x", 5),
                                    std::string("a@x\r\n"),
                                    std::string("(c)a@x"),
                                    std::string("a(c)@x"),
                                    std::string("a@x(c)"),
                                    std::string("a b@x"),
                                    std::string("a@xn---"),
                                    std::string("\xc3\x91"
                                                "and\xc3\xba@x"),
                                    std::string("a@b\xcc\x81"),
                                    std::string("\xff\xfe@x"),
                                    std::string("<a@b>"),
                                    std::string(" a@b"),
                                    std::string("a@b "),
                                    std::string(".a@b"),
                                    std::string("a.@b"),
                                    std::string("a..b@c"),
                                    std::string("a@"),
                                    std::string("@"),
                                    std::string("a,b@c"),
                                    std::string("a;b@c"),
                                    std::string("\"a\"b@c"),
                                    std::string("\"a@c"),
                                    std::string("a\"b\"@c"),
                                    std::string("\"a\x7f\"@c"),
                                    std::string(65'536, 'a') + "@b",
                                    std::string(65'536, '"') + "@b",
                                    std::string(65'536, '@')}) {
        INFO(text.substr(0, 100));
        CHECK_FALSE(mailbox::parse(text).has_value());
        CHECK(forward('<' + text + '>') == "no path");
    }
}

TEST_CASE("a path has at most 256 octets; only it bounds the local-part", "[mail][mailbox]") {
    const std::string verp = "bounces+" + std::string(120, 'x') + "=example.com";
    CHECK(text_of(verp + "@list.example") == verp + "@list.example");
    CHECK(mailbox::parse(std::string(249, 'a') + "@b.cd").has_value());
    CHECK_FALSE(mailbox::parse(std::string(250, 'a') + "@b.cd").has_value());
    CHECK(forward('<' + std::string(249, 'a') + "@b.cd>") != "no path");
    CHECK(forward('<' + std::string(250, 'a') + "@b.cd>") == "no path");
    CHECK(forward('<' + std::string(250, 'a') + '>') == "no path");  // completed, it would be too long
    // This literal grows by six octets in its one spelling.
    CHECK_FALSE(mailbox::parse(std::string(230, 'a') + "@[IPv6:::ffff:ffff:ffff]").has_value());
}

TEST_CASE("a forward-path is in brackets or ends at a blank", "[mail][mailbox]") {
    CHECK(forward("<a@b> NOTIFY=NEVER") == "a@b| NOTIFY=NEVER");
    CHECK(forward("a@b NOTIFY=NEVER") == "a@b| NOTIFY=NEVER");
    CHECK(forward("<a@b>x") == "a@b|x");  // what follows is the caller's
    CHECK(forward("<\"a> b\"@c>") == "\"a> b\"@c|");
    for (const char* text : {"", "<>", "<", ">", "<a@b", "a@b>", "<a@b> >", "<<a@b>>", "< a@b>", "<a@b >", "<a b@c>",
                             "<@>", "<a@>", "<@b>", "a"}) {
        INFO(text);
        if (std::string_view(text) == "<a@b> >") {
            CHECK(forward(text) == "a@b| >");
        } else {
            CHECK(forward(text) == "no path");
        }
    }
}

TEST_CASE("a bare local-part is completed with the local host, but only in brackets", "[mail][mailbox]") {
    CHECK(forward("<postmaster>") == "postmaster@here.example|");
    CHECK(forward("<PostMaster> X") == "PostMaster@here.example| X");
    CHECK(forward("<\"root\">") == "root@here.example|");
    CHECK(reverse("<root>") == "root@here.example|");
    CHECK(reverse("root") == "no path");
    CHECK(forward("root") == "no path");
}

TEST_CASE("the null reverse-path is none of the forward-paths", "[mail][mailbox]") {
    std::string_view text = "<> SIZE=1";
    const auto path = parse_reverse_path(text, here);
    REQUIRE(path.has_value());
    CHECK(path->is_null());
    CHECK(path->text().empty());
    CHECK(text == " SIZE=1");
    CHECK(forward("<>") == "no path");
    CHECK(reverse("<@a:>") == "no path");
}

TEST_CASE("a source route is read and dropped", "[mail][mailbox]") {
    CHECK(forward("<@relay.example:a@b>") == "a@b|");
    CHECK(reverse("<@one.example,@[192.0.2.1],@three:a@b> X") == "a@b| X");
    for (const char* text : {"<@one.example>", "<@one.example:>", "<@one.example,a@b>", "<@one,:a@b>", "<@-:a@b>",
                             "<@:a@b>", "@one.example:a@b", "<@one,@two>", "<@one"}) {
        INFO(text);
        CHECK(forward(text) == "no path");
    }
    std::string many = "<";
    for (int i = 0; i < 100'000; ++i) many += "@a,";
    CHECK(forward(many + "a@b>") == "no path");
}

TEST_CASE("text() and from_text() are opposites", "[mail][mailbox]") {
    CHECK(reverse_path::from_text("")->is_null());
    CHECK(reverse_path::from_text("a@b")->text() == "a@b");
    CHECK_FALSE(reverse_path::from_text("<>").has_value());
    CHECK_FALSE(reverse_path::from_text("a").has_value());
}

TEST_CASE("whatever is accepted is printable ASCII and parses to itself", "[mail][mailbox]") {
    std::mt19937 random(7);
    const std::string before[] = {"", "<", "<@a:"};
    const std::string pieces[] = {"a", "b", ".", "\"", "\\", " ", "@", "<", ">", "\r\n", "\x80", std::string(1, '\0')};
    const std::string after[] = {"@B.c", "@B.c>", "@[1.2.3.4]>", "@[ipv6:::1]>", ">", "\"@b>", "@-b>", "@b> X=y"};
    int accepted = 0;
    for (int round = 0; round < 300'000; ++round) {
        std::string text = before[random() % std::size(before)];
        for (auto count = random() % 5; count > 0; --count) text += pieces[random() % std::size(pieces)];
        text += after[random() % std::size(after)];
        std::string_view rest = text;
        auto path = parse_forward_path(rest, here);
        if (!path) path = mailbox::parse(text);
        if (!path) continue;
        ++accepted;
        const std::string once = path->text();
        REQUIRE(std::all_of(once.begin(), once.end(), [](char c) { return c >= ' ' && c <= '~'; }));
        REQUIRE(mailbox::parse(once) == path);
        const std::string bracketed = '<' + once + '>';
        rest = bracketed;
        REQUIRE(parse_forward_path(rest, here) == path);
        REQUIRE(rest.empty());
    }
    CHECK(accepted > 1000);
}
