#include "waypost/mail/relay_url.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace waypost::mail;

namespace {

relay_url parsed(std::string_view text) {
    INFO(text);
    auto answer = parse_relay_url(text);
    if (auto* wrong = std::get_if<relay_url_error>(&answer)) FAIL(wrong->text);
    return std::get<relay_url>(answer);
}

relay_url_error refused(std::string_view text) {
    INFO(text);
    auto answer = parse_relay_url(text);
    if (auto* url = std::get_if<relay_url>(&answer)) FAIL("accepted as " << url->text());
    return std::get<relay_url_error>(answer);
}

}  // namespace

TEST_CASE("each scheme says how the way is protected and at which port it ends", "[mail][relay_url]") {
    struct row {
        const char* url;
        transport_security security;
        std::uint16_t port;
        const char* canonical;
    };
    for (const row& expected : {
             row{"mail.example.org", transport_security::opportunistic, 25, "smtp://mail.example.org"},
             row{"smtp://mail.example.org", transport_security::opportunistic, 25, "smtp://mail.example.org"},
             row{"smtp+tls://mail.example.org", transport_security::starttls, 25, "smtp+tls://mail.example.org"},
             row{"smtp+notls://mail.example.org", transport_security::never, 25, "smtp+notls://mail.example.org"},
             row{"smtps://mail.example.org", transport_security::implicit, 465, "smtps://mail.example.org"},
             row{"tls://mail.example.org", transport_security::starttls, 25, "smtp+tls://mail.example.org"},
             row{"ssl://mail.example.org", transport_security::implicit_or_starttls, 465, "ssl://mail.example.org"},
             row{"tls+auth://l@mail.example.org", transport_security::starttls, 25, "smtp+tls://l@mail.example.org"},
             row{"tls://l@mail.example.org", transport_security::starttls, 25, "smtp+tls://l@mail.example.org"},
             row{"smtps+auth://l@mail.example.org", transport_security::implicit, 465, "smtps://l@mail.example.org"},
             row{"ssl+auth://l@mail.example.org", transport_security::implicit_or_starttls, 465,
                 "ssl://l@mail.example.org"},
             row{"smtp+tls://l@mail.example.org:587", transport_security::starttls, 587,
                 "smtp+tls://l@mail.example.org:587"},
             row{"SMTP+TLS://Mail.Example.ORG:0587", transport_security::starttls, 587,
                 "smtp+tls://mail.example.org:587"},
             row{"localhost:2525", transport_security::opportunistic, 2525, "smtp://localhost:2525"},
         }) {
        INFO(expected.url);
        const relay_url url = parsed(expected.url);
        CHECK(url.security == expected.security);
        CHECK(url.effective_port() == expected.port);
        CHECK(url.text() == expected.canonical);
        CHECK_FALSE(url.lmtp);
        CHECK(parsed(url.text()) == url);
    }
}

TEST_CASE("the example of the announcement works", "[mail][relay_url]") {
    const relay_url url = parsed("tls+auth://bleh@mail.poolp.org:31337");
    CHECK(url.security == transport_security::starttls);
    CHECK(url.label == "bleh");
    CHECK(url.host == "mail.poolp.org");
    CHECK(url.port == 31337);
}

TEST_CASE("a label keeps its case and may have most signs", "[mail][relay_url]") {
    CHECK(parsed("smtps://Team-1.relay_x+y@host").label == "Team-1.relay_x+y");
    CHECK(parsed("smtps://a@host") != parsed("smtps://b@host"));
}

TEST_CASE("LMTP goes to a host with a port or to a socket", "[mail][relay_url]") {
    const relay_url host = parsed("lmtp://localhost:24");
    CHECK(host.lmtp);
    CHECK(host.effective_port() == 24);
    CHECK(host.text() == "lmtp://localhost:24");
    const relay_url socket = parsed("LMTP:///run/dovecot/lmtp@1");
    CHECK(socket.lmtp);
    CHECK(socket.host.empty());
    CHECK(socket.socket_path == "/run/dovecot/lmtp@1");
    CHECK(socket.text() == "lmtp:///run/dovecot/lmtp@1");
    CHECK(parsed(socket.text()) == socket);

    CHECK(refused("lmtp://localhost").hint.find(":port") != std::string::npos);
    refused("lmtp://");
    refused("lmtp:///");
    refused("lmtp:///run/");
    refused("lmtp://l@localhost:24");
    CHECK(parsed("lmtp:///" + std::string(106, 'a')).socket_path.size() == 107);
    refused("lmtp:///" + std::string(107, 'a'));
    refused("smtp:///run/socket");
}

TEST_CASE("addresses are hosts, IPv6 in brackets", "[mail][relay_url]") {
    const relay_url v4 = parsed("smtp://192.0.2.25:26");
    CHECK(v4.host_is_address);
    CHECK(v4.host == "192.0.2.25");
    const relay_url v6 = parsed("smtps://l@[2001:DB8:0::25]:587");
    CHECK(v6.host_is_address);
    CHECK(v6.host == "2001:db8::25");
    CHECK(v6.port == 587);
    CHECK(v6.text() == "smtps://l@[2001:db8::25]:587");
    CHECK(parsed("[::1]").text() == "smtp://[::1]");
    CHECK(parsed("[IPv6:::1]:25").host == "::1");
    CHECK(parsed("[192.0.2.25]:25").text() == "smtp://192.0.2.25:25");
    CHECK_FALSE(parsed("mail.example.org").host_is_address);

    for (const char* text : {"::1", "smtp://2001:db8::25", "smtp://2001:db8::25:587", "smtps://l@fe80::1"}) {
        CHECK(refused(text).text.find("without brackets") != std::string::npos);
    }
    for (const char* text :
         {"[", "[]", "[::1", "[::1]x", "[::1]25", "[::1]:", "[mail.example.org]", "[::1%eth0]", "[[::1]]", "[1.2.3]"})
        refused(text);
}

TEST_CASE("an unknown scheme is answered with the one that was meant", "[mail][relay_url]") {
    const auto suggestion = [](const char* url) { return refused(url).hint; };
    CHECK(suggestion("smpt://host").find("'smtp://'") != std::string::npos);
    CHECK(suggestion("smtp+tsl://host").find("'smtp+tls://'") != std::string::npos);
    CHECK(suggestion("smtp+auth://l@host").find("'tls+auth://'") != std::string::npos);
    CHECK(suggestion("starttls://host").find("'smtp+tls://'") != std::string::npos);
    CHECK(suggestion("gopher://host").find("one of smtp, smtp+tls") != std::string::npos);
    CHECK(refused("gopher://host").text == "unknown scheme 'gopher'");
    refused("://host");
    refused("smtp ://host");
}

TEST_CASE("a label is where it must be and only where it may", "[mail][relay_url]") {
    for (const char* text : {"tls+auth://host", "smtps+auth://host:465", "ssl+auth://host"}) {
        CHECK(refused(text).text.find("needs a label") != std::string::npos);
    }
    for (const char* text : {"smtp://l@host", "smtp+notls://l@host", "l@host", "l@host:25"}) {
        CHECK(refused(text).text.find("clear text") != std::string::npos);
    }
    // OpenSMTPD reads an empty label as none. It is what remains of a variable that was not set, and mail without login
    // would be a surprise, so here it is an error.
    for (const char* text : {"@host", "smtps://@host", "tls+auth://@host"})
        CHECK(refused(text).text.find("empty") != std::string::npos);
    refused("smtps://a@b@host");
    refused("smtps://label@");
}

TEST_CASE("a port is from 1 to 65535 and ends the URL", "[mail][relay_url]") {
    CHECK(parsed("host:1").port == 1);
    CHECK(parsed("host:65535").port == 65535);
    for (const char* text :
         {"host:", "host:0", "host:65536", "host:99999999999999999999", "host:smtp", "host:-1", "host:+25", "host:25x",
          "host:2 5", "host:25:26", "host:25/", "host:25/path", "smtp:host"}) {
        refused(text);
    }
    CHECK(refused("host:65536").text == "the port '65536' is out of range");
}

TEST_CASE("nothing follows the host", "[mail][relay_url]") {
    for (const char* text : {"smtps://host/", "smtps://host/x", "smtps://host?x", "smtps://host#x", "smtp://"})
        refused(text);
    CHECK(refused("smtps://host/x").text.find("after the host") != std::string::npos);
    CHECK(refused("smtps://host:25/x").text.find("after the port") != std::string::npos);
}

TEST_CASE("a host is a domain name or an address", "[mail][relay_url]") {
    for (const char* text : {"", "-host", "host-", "a..b", "host.", ".host", "a!b", "1.2.3.400", "1.2.3", "25", "a,b",
                             "$(id)", "`id`", "a;b"})
        refused(text);
    CHECK(refused("smtp://bad_host!").hint.find("mail.example.org") != std::string::npos);
    CHECK(refused("smtp://1.2.3.400").text == "the host '1.2.3.400' is neither a host name nor an address");
}

TEST_CASE("a URL has less than 1024 printable bytes", "[mail][relay_url]") {
    CHECK(parsed("smtps://" + std::string(1010, 'l') + "@host").label.size() == 1010);
    refused("smtps://" + std::string(1011, 'l') + "@host");
    for (const std::string& text :
         {std::string("smtp://ho st"), std::string("smtp://host\n"), std::string("smtp://h\0st", 11),
          std::string("smtp://h\xc3\xb6st"), std::string(" host"), std::string("smtp://host\x7f")}) {
        refused(text);
    }
}

TEST_CASE("an error never shows a password, wherever it was written", "[mail][relay_url]") {
    for (const char* text :
         {"smtps://bob:hunter2@host", "smtp://bob:hunter2@host", "bob:hunter2@host", "smtps://bob:hunter2",
          "smtps://bob:hunter2@", "smtpx://bob:hunter2@host", "smtps://bob@hunter2@host", "bob:hunter2@smtps://host",
          "bob:hunter2://host", "tls+auth://bob:hunter2", "smtps://bob:hunter2@host:99999",
          "lmtp://bob:hunter2@host:24", "smtps://bob/hunter2@host", "smtps://bob:p/hunter2@host/x"}) {
        INFO(text);
        const relay_url_error wrong = refused(text);
        CHECK(wrong.text.find("hunter2") == std::string::npos);
        CHECK(wrong.hint.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("a label needs an auth table and an auth table needs a label", "[mail][relay_url]") {
    CHECK_FALSE(check_auth(parsed("smtps://l@host"), true).has_value());
    CHECK_FALSE(check_auth(parsed("smtps://host"), false).has_value());
    CHECK(check_auth(parsed("smtps://l@host"), false)->text.find("'l'") != std::string::npos);
    CHECK(check_auth(parsed("smtps://host"), true).has_value());
    CHECK(check_auth(parsed("lmtp:///run/lmtp"), true).has_value());
}

TEST_CASE("whatever is accepted is printed in a form that means the same", "[mail][relay_url]") {
    std::mt19937 random(3);
    const std::string pieces[] = {"smtp", "smtp+tls", "smtps",   "lmtp", "ssl+auth", "://", "@",     ":",  "/", "[",
                                  "]",    "::1",      "1.2.3.4", "a",    "b.c",      "25",  "70000", "\n", "-"};
    int accepted = 0;
    for (int round = 0; round < 200'000; ++round) {
        std::string text;
        for (auto count = random() % 8; count > 0; --count) text += pieces[random() % std::size(pieces)];
        const auto answer = parse_relay_url(text);
        const auto* url = std::get_if<relay_url>(&answer);
        if (!url) continue;
        ++accepted;
        const auto again = parse_relay_url(url->text());
        INFO(text);
        REQUIRE(std::holds_alternative<relay_url>(again));
        REQUIRE(std::get<relay_url>(again) == *url);
    }
    CHECK(accepted > 1000);
}

TEST_CASE("audit 1: a relay URL is usable where the action's demands and the URL go together", "[mail][relay_url]") {
    const auto is_usable = [](std::string_view url, bool has_auth_table, bool tls) {
        return std::holds_alternative<relay_url>(usable_relay_url(url, {has_auth_table, tls}));
    };
    CHECK(is_usable("smtp://h", false, false));
    CHECK(is_usable("smtp://h", false, true));  // the action raises it
    CHECK(is_usable("smtp+tls://l@h", true, false));
    CHECK(is_usable("smtps://l@h", true, true));
    CHECK(is_usable("lmtp://h:24", false, false));
    CHECK_FALSE(is_usable("smtp+tls://l@h", false, false));
    CHECK_FALSE(is_usable("smtp+tls://h", true, false));
    CHECK_FALSE(is_usable("smtp+notls://h", false, true));
    CHECK_FALSE(is_usable("smtp+notls://h", true, true));
    CHECK_FALSE(is_usable("lmtp://h:24", false, true));
    CHECK_FALSE(is_usable("nonsense://h", false, false));
}

TEST_CASE("audit 1: a row that a log shows holds no password, wherever somebody has put one", "[mail][relay_url]") {
    CHECK(shown_relay_url("smtp+tls://lab@h:587") == "smtp+tls://lab@h:587");
    CHECK(shown_relay_url("smtps://user:secret@h") == "smtps://*** (21 bytes)");
    CHECK(shown_relay_url("gopher://h\r\nx") == "*** (13 bytes)");
}

TEST_CASE("of a row that is no relay URL only the scheme and the length are shown", "[mail][relay_url]") {
    for (const std::string row : {"smtp+tls://alice:s3cret", "alice:s3cret", "smtp+tls://alice:s3cret.example.net",
                                  "smtps://alice:s3cret%mx.example", "smtps://al@ice:s3cret", "SMTPS://a:s3cret@h",
                                  "s3cret://h", "smtp://alice:7355608"}) {
        CAPTURE(row);
        const std::string shown = shown_relay_url(row);
        CHECK(shown.find("s3cret") == std::string::npos);
        CHECK(shown.find("7355608") == std::string::npos);
        CHECK_THAT(shown, Catch::Matchers::Contains("*** (" + std::to_string(row.size()) + " bytes)"));
        CHECK(std::get<relay_url_error>(usable_relay_url(row, {false, false})).text.find("7355608") ==
              std::string::npos);
    }
    CHECK(shown_relay_url("SMTPS://a:s3cret@h").starts_with("smtps://***"));
}
