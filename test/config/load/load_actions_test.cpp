#include <catch2/catch.hpp>

#include "config/load/loads.hpp"

using namespace waypost;
using namespace waypost::config;
using namespace std::chrono_literals;

namespace {

/// Faults of a relay with these options, at "t:1:".
std::string faults_of_relay(const std::string& options, const std::string& more = {}) {
    return load_faults("action a relay " + options + "\nmatch for any action a\n" + more);
}

const std::string with_secrets = "table s { l = \"u:secret\" }";

}  // namespace

using Catch::Matchers::StartsWith;

TEST_CASE("a relay's settings are what its action says", "[config][load_actions]") {
    const generation made = settings_of(lines({with_secrets,
                                               "action a relay host { smtp+tls://l@h:587, smtps://l@i } auth <s> src { "
                                               "192.0.2.1, ::1 } helo h.example mail-from joe "
                                               "tls no-verify ttl 1h",
                                               "action b relay", "match for any action a", "match for any action b"}));
    const relay::action_settings& a = made.relay.actions.at("a");
    CHECK(a.name == "a");
    CHECK(a.hosts != nullptr);
    CHECK(a.credentials->name() == "s");
    CHECK(a.sources != nullptr);
    CHECK(a.helo == "h.example");
    CHECK(a.mail_from == "joe");
    CHECK(a.tls == mail::transport_security::starttls);
    CHECK(a.no_verify);
    const relay::action_settings& b = made.relay.actions.at("b");
    CHECK(b.hosts == nullptr);
    CHECK(b.credentials == nullptr);
    CHECK_FALSE(b.tls);
    CHECK(made.rules->find_action("a")->kind == rules::action::method::relay_host);
    CHECK(made.rules->find_action("a")->ttl == 3600s);
    CHECK(made.rules->find_action("b")->kind == rules::action::method::relay_by_domain);
}

TEST_CASE("a maildir's settings are what its action says", "[config][load_actions]") {
    const generation made =
        settings_of(lines({"action a maildir \"var/Maildir\" virtual { \"@\" = joe }", "action b maildir alias <t>",
                           "table t { x = y }", "match for any action a", "match for any action b"}));
    const delivery::action_settings& a = made.delivery.actions.at("a");
    CHECK(a.maildir.value().text() == "var/Maildir");
    REQUIRE(a.users != nullptr);
    CHECK(a.users->name() == "getpwnam");
    CHECK(made.delivery.actions.at("b").users == a.users);
    CHECK(made.rules->find_action("a")->kind == rules::action::method::local);
    CHECK(made.rules->find_action("a")->expand == rules::action::expansion::virtual_users);
    CHECK(made.rules->find_action("b")->expand == rules::action::expansion::alias);
    CHECK(made.rules->find_action("b")->expand_with->name() == "t");
}

TEST_CASE("everything that is wrong with a relay URL is found, where it is written", "[config][load_actions]") {
    CHECK(faults_of_relay("host tls+auth://h auth { l = \"u:p\" }") ==
          "t:1:21: the scheme 'tls+auth' needs a label; write tls+auth://label@host, where label is a key of the "
          "action's auth "
          "table");
    CHECK(faults_of_relay("host smtps://l@h") ==
          "t:1:21: the label 'l' has no table to be looked up in; write auth <table> after the URL");
    CHECK(faults_of_relay("host smtps://h auth { l = \"u:p\" }") ==
          "t:1:21: an auth table, but no label in the URL: mail would go without login; write smtp+tls://label@host, "
          "where label "
          "is a key of that table");
    CHECK(faults_of_relay("host smtp://l@h auth { l = \"u:p\" }") ==
          "t:1:21: a label on a scheme that may go out in clear text; write smtp+tls://label@host, or "
          "smtps://label@host");
    CHECK(
        faults_of_relay("host smtp://h:99999") ==
        "t:1:21: the port '99999' is out of range; write a port from 1 to 65535 after the ':', and nothing after that");
    CHECK(faults_of_relay("host smtp://h:25/x") ==
          "t:1:21: there is something after the port; write scheme://host:port");
    CHECK(faults_of_relay("host smpt://h").starts_with("t:1:21: unknown scheme 'smpt'; did you mean "));
    CHECK(faults_of_relay("host \"smtps://user:secret@h\" auth { l = \"u:p\" }") ==
          "t:1:21: what stands before '@' is a label, and has neither ':' nor '/'; write label@host; the user name and "
          "the "
          "password belong in the action's auth table");
    CHECK(faults_of_relay("host {\n smtp://a,\n smtp:// }") ==
          "t:3:2: there is no host; write scheme://host or scheme://host:port");
}

TEST_CASE("good URLs have no faults", "[config][load_actions]") {
    for (const std::string url :
         {"h", "smtp://[::1]:25", "smtp+notls://h", "lmtp://h:24", "lmtp:///run/lmtp", "tls://h", "ssl://h"}) {
        CHECK(faults_of_relay("host " + url).empty());
    }
    for (const std::string url :
         {"smtp+tls://l@h:587", "smtps://l@h", "tls+auth://l@h:587", "smtps+auth://L@h", "ssl+auth://l@h"}) {
        CHECK(faults_of_relay("host " + url + " auth <s>", with_secrets).empty());
    }
}

TEST_CASE("a label without a port is a warning", "[config][load_actions]") {
    CHECK(faults_of_relay("host tls+auth://l@h auth <s>", with_secrets) ==
          "t:1:21: warning: smtp+tls://l@h means port 25, and most providers take a login on port 587 only; write "
          "smtp+tls://l@h:587, or :25 if it is meant");
}

TEST_CASE("a label that is in no row of its table is a warning", "[config][load_actions]") {
    CHECK(faults_of_relay("host smtps://m@h auth <s>", with_secrets) ==
          "t:1:21: warning: the label \"m\" is not in the table s: mail will wait for it; write there m = "
          "\"user:password\"");
}

TEST_CASE("tls against what the URL says is a fault", "[config][load_actions]") {
    CHECK(faults_of_relay("host smtp+notls://h tls") ==
          "t:1:21: \"tls\" with smtp+notls, which never uses it; write smtp+tls://, or remove tls");
    CHECK(faults_of_relay("host lmtp://h:24 tls") == "t:1:21: \"tls\" with LMTP, which has no TLS; remove tls");
    CHECK(faults_of_relay("host smtp://h tls").empty());
}

TEST_CASE("credentials that cannot be used are a fault, and not shown", "[config][load_actions]") {
    CHECK(faults_of_relay("host smtps://l@h auth { l = \"user:\" }") ==
          "t:1:40: the credentials of \"l\" cannot be used: there is no password; write label = \"user:password\"");
    CHECK(faults_of_relay("host smtps://l@h auth \"l:secret\"") ==
          "t:1:38: the table of \"auth\" is a list; write rows of the form label = \"user:password\"");
}

TEST_CASE("sources are addresses", "[config][load_actions]") {
    CHECK(faults_of_relay("src { 192.0.2.1, banana }") ==
          "t:1:33: \"banana\" is no address to send from; write an address of this machine, as in 192.0.2.1");
    const scratch_directory here;
    const std::string path = here.write("src", "fe80::1\n");
    CHECK(
        faults_of_relay("src <f>", "table f \"file:" + path + "\"") ==
        path +
            ":1: \":1\" is no address to send from; write \"# @list\" as the first line of a file with IPv6 addresses");
}

TEST_CASE("an empty table of hosts is a warning", "[config][load_actions]") {
    const scratch_directory here;
    CHECK(faults_of_relay("host <f>", "table f \"file:" + here.write("f", "# nothing yet\n") + "\"") ==
          "t:1:21: warning: the table of \"host\" is empty: mail will wait; write a relay URL in it");
}

TEST_CASE("alias and virtual need maps", "[config][load_actions]") {
    CHECK_THAT(load_faults("action a maildir alias { x }\nmatch for any action a"),
               StartsWith("t:1:24: the table of \"alias\" is a list; write rows of the form key = value"));
    CHECK_THAT(load_faults("action a maildir virtual x\nmatch for any action a"),
               StartsWith("t:1:26: the table of \"virtual\" is a list; write rows of the form key = value"));
}
