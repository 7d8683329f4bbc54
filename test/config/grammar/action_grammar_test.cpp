#include <catch2/catch.hpp>

#include "config/texts.hpp"

using namespace waypost::config;
using namespace std::chrono_literals;

namespace {

action action_of(const std::string& text) { return model_of(text).actions.at(0); }

}  // namespace

TEST_CASE("a relay with all that it can have", "[config][action_grammar]") {
    const action one = action_of(
        "action \"out\" relay host smtp+tls://l@h:587 auth <t> tls no-verify src 192.0.2.1 helo mx.example.org "
        "mail-from "
        "\"@example.org\" pki p ca c ttl 2d");
    CHECK(one.name == "out");
    CHECK(one.by == action::method::relay);
    CHECK(one.hosts->rows.rows[0].key == "smtp+tls://l@h:587");
    CHECK(one.auth->name == "t");
    CHECK(one.relay.tls);
    CHECK(one.relay.no_verify);
    CHECK(one.sources->rows.rows[0].key == "192.0.2.1");
    CHECK(one.relay.helo == "mx.example.org");
    CHECK(one.relay.mail_from == "@example.org");
    CHECK(one.pki->text == "p");
    CHECK(one.ca->text == "c");
    CHECK(one.ttl == 48h);
}

TEST_CASE("a relay needs no option, and takes them in any order", "[config][action_grammar]") {
    CHECK_FALSE(action_of("action a relay").hosts);
    CHECK(action_of("action a relay auth <t> host smtps://l@h").hosts);
    CHECK_FALSE(action_of("action a relay tls").relay.no_verify);
}

TEST_CASE("a maildir has a path and an expansion", "[config][action_grammar]") {
    CHECK(action_of("action a maildir").path.text.empty());
    CHECK(action_of("action a maildir \"~/Maildir\"").path.text.empty());
    CHECK(action_of("action a maildir /var/mail").path.text == "/var/mail");
    CHECK(action_of("action a maildir \"var/Maildir\" virtual { \"@\" = nobody }").virtual_users->rows.is_map);
    const action one = action_of("action a maildir alias <t> ttl 1h");
    CHECK(one.path.text.empty());
    CHECK(one.alias->name == "t");
    CHECK(one.ttl == 1h);
}

TEST_CASE("faults of actions", "[config][action_grammar]") {
    CHECK(fault_of("action") == "t:1:7: expected the name of an action, found the end of the line");
    CHECK(fault_of("action local maildir") ==
          "t:1:8: \"local\" is a word of the grammar where the name of an action is wanted; put it in quotes if it is "
          "meant: "
          "\"local\"");
    CHECK(fault_of("action a") ==
          "t:1:9: expected a delivery method, as in \"relay\" or \"maildir\", found the end of the line");
    CHECK(fault_of("action a mialdir") == "t:1:10: unknown delivery method \"mialdir\"; did you mean \"maildir\"?");
    CHECK(fault_of("action a { b }") == "t:1:10: expected a delivery method, found \"{\"");
    CHECK(fault_of("action a relay\naction a maildir") ==
          "t:2:8: there is an action \"a\" already, at line 1; give this one another name");
    CHECK(fault_of("action a relay hots x") == "t:1:16: unknown option of \"relay\" \"hots\"; did you mean \"host\"?");
    CHECK(fault_of("action a relay host x host y") == "t:1:23: \"host\" stands here twice; remove one of them");
    CHECK(fault_of("action a relay auth <t>") ==
          "t:1:10: \"auth\" without \"host\"; write relay host smtp+tls://label@host auth <table>");
    CHECK(fault_of("action a relay helo \"a b\"") ==
          "t:1:21: \"a b\" is not a host name; write it like mail.example.org");
    CHECK(fault_of("action a relay mail-from \"a@b@c d\"") ==
          "t:1:26: \"a@b@c d\" is no address for \"mail-from\"; write user@domain, @domain or user");
    CHECK(fault_of("action a relay ttl 4") ==
          "t:1:20: \"4\" is no time; write a number and one of s, m, h, d, as in 4h");
    CHECK(fault_of("action a maildir alias <a> virtual <b>") ==
          "t:1:28: \"alias\" and \"virtual\" in one action; keep one of them");
    CHECK(fault_of("action a maildir virtual <a> alias <b>") ==
          "t:1:30: \"alias\" and \"virtual\" in one action; keep one of them");
}

TEST_CASE("addresses of mail-from", "[config][action_grammar]") {
    for (const std::string good : {"user", "user@example.org", "@example.org", "u.ser+tag"}) {
        CHECK(action_of("action a relay mail-from \"" + good + "\"").relay.mail_from == good);
    }
    for (const std::string bad : {"@", "user@", "us er", "@a..b", "<user>"}) {
        CHECK(faults_of("action a relay mail-from \"" + bad + "\"").size() == 1);
    }
}

TEST_CASE("options that are not built are named", "[config][action_grammar]") {
    for (const std::string word : {"ciphers", "filter", "protocols"}) {
        CHECK(fault_of("action a relay " + word + " x") == "t:1:16: \"" + word + "\" is not built yet; remove it");
    }
}

TEST_CASE("an action may have users of its own, in both generations", "[config][action_grammar]") {
    const model what = model_of(lines({"table u { vuser = vuser:10:100:/tmp/vuser }", "action a maildir userbase <u>",
                                       "accept for domain poolp.org users <u> deliver to maildir"}));
    CHECK(what.actions[0].userbase->name == "u");
    REQUIRE(what.actions.size() == 2);
    CHECK(what.actions[1].userbase->name == "u");
    CHECK(model_of(print(what)).actions[1].userbase->name == "u");
    CHECK_THAT(fault_of("accept for any users { a = a:1:1:/ } relay"), Catch::Contains("deliver to"));
}
