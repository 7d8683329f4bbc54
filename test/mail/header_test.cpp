#include "waypost/mail/header.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace waypost::mail;

namespace {

using texts = std::vector<std::string>;

texts addresses(std::string_view value) {
    const address_list list = parse_address_list(value);
    for (const std::string& bad : list.bad) UNSCOPED_INFO("bad: " << bad);
    CHECK(list.bad.empty());
    return list.addresses;
}

texts bad(std::string_view value) { return parse_address_list(value).bad; }

}  // namespace

TEST_CASE("a header section is its fields in order, and the body behind the empty line", "[mail][header]") {
    for (const bool crlf : {false, true}) {
        std::string message = "To: a@b\nSubject : folded\n\ttwice\n \nX-Empty:\n\nbody\n\nmore";
        if (crlf) {
            std::string with_cr;
            for (const char c : message) with_cr += c == '\n' ? std::string("\r\n") : std::string(1, c);
            message = with_cr;
        }
        const header_section section = parse_header(message);
        REQUIRE(section.fields.size() == 3);
        CHECK(section.fields[0].name == "To");
        CHECK(section.fields[0].value == " a@b");
        CHECK(section.fields[1].name == "Subject");
        CHECK(section.fields[1].value == (crlf ? " folded\r\n\ttwice\r\n " : " folded\n\ttwice\n "));
        CHECK(section.fields[2].name == "X-Empty");
        CHECK(section.fields[2].value.empty());
        CHECK(section.has_separator);
        CHECK(section.body.starts_with("body"));
        CHECK(section.body.ends_with("more"));

        std::string whole;
        for (const header_field& field : section.fields) whole += field.whole;
        CHECK(message == whole + (crlf ? "\r\n" : "\n") + std::string(section.body));
    }
}

TEST_CASE("a line that is no field begins the body", "[mail][header]") {
    const header_section section = parse_header("To: a\nhello there\nSubject: no\n");
    CHECK(section.fields.size() == 1);
    CHECK_FALSE(section.has_separator);
    CHECK(section.body == "hello there\nSubject: no\n");

    for (const char* message : {"no colon\n", ": no name\n", " leading blank: x\n", "na me: x\n", "n\xc3\xa4me: x\n",
                                "na\x01me: x\n", "\t\n"}) {
        INFO(message);
        CHECK(parse_header(message).fields.empty());
        CHECK(parse_header(message).body == message);
    }
}

TEST_CASE("a header section may be empty, endless or cut off", "[mail][header]") {
    CHECK(parse_header("").fields.empty());
    CHECK_FALSE(parse_header("").has_separator);
    CHECK(parse_header("\nbody").has_separator);
    CHECK(parse_header("\nbody").body == "body");
    CHECK(parse_header("\r\n").body.empty());
    REQUIRE(parse_header("To: a").fields.size() == 1);
    CHECK(parse_header("To: a").fields[0].value == " a");
    CHECK(parse_header("To: a\r").fields[0].value == " a");
    CHECK(parse_header("To: a\rb\n").fields[0].value == " a\rb");
}

TEST_CASE("a leading mbox line is passed over, a later one is not", "[mail][header]") {
    CHECK(parse_header("From alice Sun Nov 22 19:27:00 2026\nTo: a\n\n").fields.size() == 1);
    CHECK(parse_header("From alice").body.empty());
    CHECK(parse_header(">From alice Sun Nov 22\nTo: a\n\n").fields.size() == 1);
    CHECK(parse_header("From alice\n>From bob\nTo: a\n\n").fields.size() == 1);
    CHECK(parse_header("From : a\nTo: b\n").fields.size() == 2);
    CHECK(is_mbox_line(">From x\n"));
    CHECK_FALSE(is_mbox_line("From : x\n"));
    CHECK_FALSE(is_mbox_line(" From x\n"));
    const header_section section = parse_header("To: a\nFrom alice\nCc: b\n");
    CHECK(section.fields.size() == 1);
    CHECK(section.body.starts_with("From alice"));
}

// Hostile input, class 57. The machine does this in well under a second; a quadratic parser needs hours.
TEST_CASE("a huge header section is read once", "[mail][header]") {
    std::string many;
    for (int i = 0; i < 100'000; ++i) many += "X-Field: with some text in it, and then some more of it\r\n";
    CHECK(parse_header(many).fields.size() == 100'000);

    std::string folded = "Subject: x\n";
    for (int i = 0; i < 3'000'000; ++i) folded += " y\n";
    CHECK(parse_header(folded).fields.size() == 1);

    CHECK(parse_header("Subject: " + std::string(10'000'000, 'x')).fields.size() == 1);
    CHECK(parse_header(std::string(10'000'000, 'x')).fields.empty());
    CHECK(parse_header(std::string(10'000'000, '\n')).body.size() == 9'999'999);
}

TEST_CASE("an address list gives its addresses without names and comments", "[mail][header]") {
    CHECK(addresses("a@b") == texts{"a@b"});
    CHECK(addresses(" Alice <alice@Example.ORG>,\r\n\t\"Doe, John\" <john@example.org> , bob@example.org") ==
          texts{"alice@example.org", "john@example.org", "bob@example.org"});
    CHECK(addresses("a@b (Alice), (Bob) c@d, e (inside) @ (there) f") == texts{"a@b", "c@d", "e@f"});
    CHECK(addresses("Alice (a (nested \\) one, with <x@y>)) <a@b>") == texts{"a@b"});
    CHECK(addresses("\"a <x@y>, \\\"b\" <c@d>") == texts{"c@d"});
    CHECK(addresses("=?utf-8?Q?J=C3=B6rg?= <joerg@example.org>, J\xc3\xb6rg <j@example.org>") ==
          texts{"joerg@example.org", "j@example.org"});
    CHECK(addresses("\"with blank\"@example.org") == texts{"\"with blank\"@example.org"});
    CHECK(addresses("<a@[192.0.2.1]>, b@[IPv6:::1]") == texts{"a@[192.0.2.1]", "b@[IPv6:::1]"});
    CHECK(addresses("").empty());
    CHECK(addresses(" \r\n ").empty());
    CHECK(addresses("a@b,, ,c@d,") == texts{"a@b", "c@d"});
    CHECK(addresses("a@b; c@d") == texts{"a@b", "c@d"});  // as some mail programs write it
}

TEST_CASE("a bare local-part is an address, for mail on this machine", "[mail][header]") {
    CHECK(addresses("root") == texts{"root"});
    CHECK(addresses("root, Alice <alice>, john.doe") == texts{"root", "alice", "john.doe"});
}

TEST_CASE("a group gives its members", "[mail][header]") {
    CHECK(addresses("undisclosed-recipients:;").empty());
    CHECK(addresses("undisclosed recipients: ;, a@b") == texts{"a@b"});
    CHECK(addresses("Friends: a@b, Carol <c@d>; , \"The: others\": e@f;") == texts{"a@b", "c@d", "e@f"});
    CHECK(addresses("Unclosed: a@b, c@d") == texts{"a@b", "c@d"});
}

TEST_CASE("a route address gives its mailbox", "[mail][header]") {
    CHECK(addresses("Alice <@one.example,@two.example:a@b>, c@d") == texts{"a@b", "c@d"});
    CHECK(bad("<one.example:a@b>").size() == 1);
    CHECK(bad("<@one.example,a@b>").size() == 1);
}

TEST_CASE("folded obsolete addresses are put together", "[mail][header]") {
    CHECK(addresses("john . doe @ example .\r\n org") == texts{"john.doe@example.org"});
    CHECK(addresses("Alice\r\n <\r\n a@b\r\n >") == texts{"a@b"});
}

TEST_CASE("what is no address is named, fit to be shown", "[mail][header]") {
    for (const char* value : {"Alice Doe",  "a@",       "@b",
                              "<>",         "Alice <>", "a@b c@d",
                              "<a@b",       "a@b>",     "<a@b> <c@d>",
                              "<a@b> junk", "a@b@c",    "\"a@b",
                              "(a@b",       "a@b)",     "a@[1.2.3.4",
                              "\"\"",       "a@b\\,c",  "J\xc3\xb6rg@example.org",
                              "a@-b",       "<<a@b>>",  "<a@b>: x <c@d>"}) {
        INFO(value);
        const address_list list = parse_address_list(value);
        CHECK(list.addresses.empty());
        CHECK(list.bad.size() == 1);
    }
    CHECK(bad("a@b, Bad One , c@d") == texts{"Bad One"});
    CHECK(bad("a@b,x\x1b\x07 y,c@d") == texts{"x\\x1b\\x07 y"});
    CHECK(bad("Friends: a@b, x y;") == texts{"x y"});
    CHECK(bad(std::string(100'000, ')'))[0].size() <= 128);
    CHECK(parse_address_list("a@b, Bad One , c@d").addresses == texts{"a@b", "c@d"});
}

// Hostile input, classes 17 and 57.
TEST_CASE("a huge address list is read once", "[mail][header]") {
    constexpr std::size_t many = 2'000'000;
    CHECK(parse_address_list(std::string(many, '(')).bad.size() == 1);
    CHECK(addresses(std::string(many, '(') + std::string(many, ')') + "a@b") == texts{"a@b"});
    CHECK(parse_address_list(std::string(many, '"')).bad.size() == 1);
    CHECK(parse_address_list(std::string(many, '<')).bad.size() == 1);
    CHECK(parse_address_list(std::string(many, '\\')).bad.size() == 1);
    CHECK(addresses(std::string(many, ',')).empty());
    CHECK(addresses(std::string(many, ':')).empty());
    std::string list;
    for (int i = 0; i < 200'000; ++i) list += "a@b,";
    CHECK(addresses(list).size() == 200'000);
    std::string route = "<";
    for (int i = 0; i < 200'000; ++i) route += "@a:";
    CHECK(addresses(route + "b@c>") == texts{"b@c"});
}

TEST_CASE("no bytes at all upset the parsers", "[mail][header]") {
    std::mt19937 random(11);
    const std::string alphabet = "a@b.,;:<>()[]\"\\ \t\r\n\xff";
    for (int round = 0; round < 200'000; ++round) {
        std::string text(random() % 16, '\0');
        for (char& c : text) c = alphabet[random() % alphabet.size()];
        const address_list list = parse_address_list(text);
        for (const texts& found : {list.addresses, list.bad}) {
            for (const std::string& one : found) {
                REQUIRE(std::all_of(one.begin(), one.end(), [](char c) { return c >= ' ' && c <= '~'; }));
            }
        }
        const header_section section = parse_header(text);
        std::size_t size = section.body.size();
        for (const header_field& field : section.fields) size += field.whole.size();
        REQUIRE(size <= text.size());
    }
}
