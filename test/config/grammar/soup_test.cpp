// Configurations of random words and random bytes: whatever they are, there is an end and a list of faults.
#include <catch2/catch.hpp>
#include <random>

#include "config/texts.hpp"
#include "waypost/config/syntax/diagnostic.hpp"

using namespace waypost::config;

namespace {

constexpr const char* ingredients[] = {"accept",
                                       "action",
                                       "alias",
                                       "all",
                                       "any",
                                       "as",
                                       "auth",
                                       "auth-optional",
                                       "bounce",
                                       "ca",
                                       "cert",
                                       "certificate",
                                       "deliver",
                                       "domain",
                                       "expire",
                                       "filter",
                                       "for",
                                       "from",
                                       "helo",
                                       "host",
                                       "hostname",
                                       "include",
                                       "inet4",
                                       "key",
                                       "limit",
                                       "listen",
                                       "local",
                                       "log",
                                       "format",
                                       "json",
                                       "mail-from",
                                       "maildir",
                                       "mask-src",
                                       "bare-lf",
                                       "refuse",
                                       "match",
                                       "max-rcpt",
                                       "no-verify",
                                       "on",
                                       "pki",
                                       "port",
                                       "queue",
                                       "path",
                                       "rcpt-to",
                                       "rdns",
                                       "recipient",
                                       "regex",
                                       "reject",
                                       "relay",
                                       "resolver",
                                       "sender",
                                       "smtp",
                                       "smtps",
                                       "socket",
                                       "source",
                                       "src",
                                       "ssl",
                                       "table",
                                       "tag",
                                       "tagged",
                                       "tls",
                                       "to",
                                       "ttl",
                                       "via",
                                       "virtual",
                                       "mbox",
                                       "mda",
                                       "lmtp",
                                       "forward-only",
                                       "wrapper",
                                       "user",
                                       "userbase",
                                       "junk",
                                       "max-session",
                                       "srs",
                                       "sub-addr-delim",
                                       "\"x %{rcpt} | y\"",
                                       "%{dest.user[0:1]:raw}",
                                       "~/x",
                                       "warn-interval",
                                       "{",
                                       "}",
                                       "<",
                                       ">",
                                       "<t>",
                                       "!",
                                       "=",
                                       "=>",
                                       ",",
                                       "(",
                                       ")",
                                       "\"a b\"",
                                       "'x'",
                                       "\"",
                                       "'",
                                       "$m",
                                       "$n",
                                       "$",
                                       "\\",
                                       "\\\n",
                                       "#",
                                       "4d",
                                       "25",
                                       "35M",
                                       "name",
                                       "/etc/x",
                                       "file:/etc/x",
                                       "sqlite:/x",
                                       "smtp+tls://l@h:587",
                                       "1.2.3.4",
                                       "::1",
                                       "\xff",
                                       "\x01",
                                       "\xe2\x80\x9c",
                                       ";",
                                       "\n",
                                       "\n",
                                       "\n",
                                       "\n"};

std::string soup(unsigned seed) {
    std::mt19937 chance(seed);
    std::string text;
    for (std::size_t words = chance() % 60; words > 0; --words) {
        text += ingredients[chance() % std::size(ingredients)];
        if (chance() % 8 != 0) text += ' ';
    }
    return text;
}

void swallow(const std::string& text) {
    const parsed read = parse_text(text, "t", {{"n", "{ a, b"}});
    REQUIRE(read.faults.size() <= fault_list::most + 1);
    for (const diagnostic& one : read.faults) {
        const std::string shown = to_string(one);
        CHECK(shown.find('\n') == std::string::npos);
        CHECK(shown.starts_with("t:"));
        CHECK(one.location.line > 0);
        CHECK(one.location.column > 0);
    }
    const std::string printed = print(read.model);
    if (read.faults.empty()) CHECK(print(parse_text(printed, "t").model) == printed);
}

}  // namespace

TEST_CASE("random words make faults and nothing worse", "[config][soup]") {
    for (unsigned seed = 0; seed < 20'000; ++seed) {
        INFO(seed);
        swallow(soup(seed));
    }
}

TEST_CASE("random bytes make faults and nothing worse", "[config][soup]") {
    std::mt19937 chance(1);
    for (int round = 0; round < 2'000; ++round) {
        std::string text;
        for (std::size_t n = chance() % 200; n > 0; --n) text += static_cast<char>(chance());
        swallow(text);
    }
}

TEST_CASE("a good configuration cut off anywhere makes faults and nothing worse", "[config][soup]") {
    const std::string whole =
        lines({"m = \"a\"", "table t { a = \"b c\", d => e }", "listen on all port 25 tls auth <t> tag \"x\"",
               "action \"o\" relay host { smtps://l@h, \"smtps://l@i\" } auth { l = \"u:p\" } \\", " ttl 4d",
               "accept from ! <n> for domain { $m, b } alias <t> deliver to maildir \"/m\" expire 4d",
               "match !from src regex \"^x\" for any auth <t> action \"o\""});
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        INFO(length);
        swallow(whole.substr(0, length));
        swallow(whole.substr(length));
    }
}
