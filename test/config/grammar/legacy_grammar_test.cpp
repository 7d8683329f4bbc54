#include <catch2/catch.hpp>

#include "config/texts.hpp"

using namespace waypost::config;
using namespace std::chrono_literals;

namespace {

std::string names_of(const std::string& text) {
    std::string shown;
    for (const action& one : model_of(text).actions) shown += (shown.empty() ? "" : "|") + one.name;
    return shown;
}

}  // namespace

TEST_CASE("the example of December 2012 is understood", "[config][legacy_grammar]") {
    const model what = model_of(lines(
        {"table in_auth { gilles => gilles:encryptedpasswd }", "table out_auth { bleh => gilles:cleartextpasswd }", "",
         "listen on all tls auth <in_auth>", "", "accept for domain poolp.org deliver to maildir",
         "accept for any relay via tls+auth://bleh@mail.poolp.org auth <out_auth>"}));
    REQUIRE(what.actions.size() == 2);
    CHECK(what.actions[0].name == "maildir");
    CHECK(what.actions[0].by == action::method::maildir);
    CHECK(what.actions[1].name == "relay tls+auth://bleh@mail.poolp.org");
    CHECK(what.actions[1].hosts->rows.rows[0].key == "tls+auth://bleh@mail.poolp.org");
    CHECK(what.actions[1].auth->name == "out_auth");
    REQUIRE(what.rules.size() == 2);
    for (const rule& one : what.rules) {
        CHECK(one.authenticated_pass_source);
        CHECK(one.conditions[0].subject == subject::from_local);
    }
    CHECK(what.rules[0].conditions[1].subject == subject::for_domain);
    CHECK(what.rules[0].action->text == "maildir");
    CHECK(what.rules[1].conditions[1].subject == subject::for_any);
    CHECK(what.rules[1].action->text == "relay tls+auth://bleh@mail.poolp.org");
}

TEST_CASE("all parts of a rule of 2012", "[config][legacy_grammar]") {
    const model what = model_of(
        "accept tagged T from <nets> for domain { a.example, b.example } virtual <v> deliver to maildir \"/m\" expire "
        "2d");
    const action& by = what.actions.at(0);
    CHECK(by.path.text == "/m");
    CHECK(by.virtual_users->name == "v");
    CHECK(by.ttl == 48h);
    const rule& one = what.rules.at(0);
    REQUIRE(one.conditions.size() == 3);
    CHECK(one.conditions[0].subject == subject::tag);
    CHECK(one.conditions[1].subject == subject::from_source);
    CHECK(one.conditions[1].values->name == "nets");
    CHECK(one.conditions[2].values->rows.rows.size() == 2);
}

TEST_CASE("all options of a relay of 2012", "[config][legacy_grammar]") {
    const model what = model_of(
        "accept from any for any relay via smtps+auth://l@h certificate c auth <t> source 192.0.2.1 hostname "
        "h.example.org as "
        "\"@example.org\" expire 1h");
    const action& by = what.actions.at(0);
    CHECK(by.by == action::method::relay);
    CHECK(by.pki->text == "c");
    CHECK(what.pki.at(0).cert->text == "/etc/mail/certs/c.crt");
    CHECK(by.sources->rows.rows[0].key == "192.0.2.1");
    CHECK(by.relay.helo == "h.example.org");
    CHECK(by.relay.mail_from == "@example.org");
    CHECK(by.ttl == 1h);
}

TEST_CASE("the words of 2013 to 2017", "[config][legacy_grammar]") {
    const rule one = model_of("reject from ! source <n> sender ! <s> recipient { a@b } for ! domain <d>").rules.at(0);
    REQUIRE(one.conditions.size() == 4);
    CHECK(one.conditions[0].subject == subject::from_source);
    CHECK(one.conditions[0].negated);
    CHECK(one.conditions[1].subject == subject::for_domain);
    CHECK(one.conditions[1].negated);
    CHECK(one.conditions[2].subject == subject::mail_from);
    CHECK(one.conditions[2].negated);
    CHECK(one.conditions[3].subject == subject::rcpt_to);
    CHECK_FALSE(one.conditions[3].negated);
    CHECK_FALSE(one.action);
    CHECK(model_of("accept from all for all relay").rules.at(0).conditions.at(1).subject == subject::for_any);
    const action relay = model_of("accept for any relay tls verify pki p ca c").actions.at(0);
    CHECK(relay.relay.tls);
    CHECK_FALSE(relay.relay.no_verify);
    CHECK(model_of("accept for any relay tls").actions.at(0).relay.no_verify);
    CHECK_FALSE(model_of("accept for any relay via tls://h tls verify").actions.at(0).relay.no_verify);
    CHECK(model_of("accept for any relay via tls://h verify").actions.at(0).name == "relay tls://h");
}

TEST_CASE("both generations stand in one file, in the order of their lines", "[config][legacy_grammar]") {
    const model what = model_of(lines({"action \"out\" relay", "accept for local deliver to maildir",
                                       "match for domain x action \"out\"", "reject for domain y"}));
    REQUIRE(what.rules.size() == 3);
    CHECK(what.rules[0].authenticated_pass_source);
    CHECK(what.rules[0].action->text == "maildir");
    CHECK_FALSE(what.rules[1].authenticated_pass_source);
    CHECK(what.rules[1].action->text == "out");
    CHECK(what.rules[2].authenticated_pass_source);
    CHECK_FALSE(what.rules[2].action);
}

TEST_CASE("faults of rules of 2012", "[config][legacy_grammar]") {
    CHECK(fault_of("accept") ==
          "t:1:1: \"accept\" without a delivery; end the rule with deliver to maildir, or with relay");
    CHECK(fault_of("accept for any") ==
          "t:1:1: \"accept\" without a delivery; end the rule with deliver to maildir, or with relay");
    CHECK(fault_of("accept deliver to maildir") ==
          "t:1:1: a rule without \"for\"; write for any, for local or for domain <table>");
    CHECK(fault_of("reject from any") ==
          "t:1:1: a rule without \"for\"; write for any, for local or for domain <table>");
    CHECK(fault_of("accept for anny relay") == "t:1:12: expected \"any\", \"local\" or \"domain\", found \"anny\"");
    CHECK(fault_of("accept fro any for any relay") == "t:1:8: unknown part of a rule \"fro\"; did you mean \"for\"?");
    CHECK(fault_of("accept for any deliver maildir") ==
          "t:1:24: expected \"to\", found \"maildir\"; write deliver to maildir");
    CHECK(fault_of("accept for any deliver to") ==
          "t:1:26: expected \"maildir\", \"mbox\", \"mda\" or \"lmtp\", found the end of the line");
    CHECK(fault_of("accept for any deliver to maildri") ==
          "t:1:27: unknown delivery method \"maildri\"; did you mean \"maildir\"?");
    CHECK(fault_of("accept for any deliver to maildir relay") ==
          "t:1:35: a second delivery in one rule; write a rule for each");
    CHECK(fault_of("reject for any relay") ==
          "t:1:16: \"reject\" with \"relay\"; write accept, or end the rule before it");
    CHECK(fault_of("reject for any expire 4d") == "t:1:1: \"expire\" goes with \"accept\"; remove it");
    CHECK(fault_of("accept for any alias <a> virtual <v> deliver to maildir") ==
          "t:1:1: \"alias\" and \"virtual\" in one rule; keep one of them");
    CHECK(fault_of("accept for any alias <a> relay") ==
          "t:1:1: \"alias\" and \"virtual\" go with \"deliver to\"; remove it, or deliver to maildir");
    CHECK(fault_of("accept for any relay auth <t>") ==
          "t:1:16: \"auth\" without \"via\"; write relay via tls+auth://label@host auth <table>");
    CHECK(fault_of("accept for any relay via") == "t:1:25: expected a relay URL, found the end of the line");
    CHECK(fault_of("accept for any relay vai x") ==
          "t:1:22: unknown option of \"relay\" \"vai\"; did you mean \"via\"?");
    CHECK(fault_of("accept from any from local for any relay") ==
          "t:1:17: \"from\" stands here twice; remove one of them");
    CHECK(fault_of("accept for any relay as \"a b\"") ==
          "t:1:25: \"a b\" is no address for \"as\"; write user@domain, @domain or user");
}

TEST_CASE("old rules deliver in all the ways that new actions do", "[config][legacy_grammar]") {
    using method = waypost::config::action::method;
    const model what = model_of(
        lines({"accept for domain a users <u> deliver to mbox",
               "accept for domain b deliver to mda \"/bin/x -d %{dest.user}\" as joe",
               "accept for domain c deliver to lmtp localhost:24 rcpt-to expire 1h",
               "accept for domain d alias <a> forward-only", "accept for domain e forward-only deliver to mbox",
               "accept for domain f deliver to maildir \"~/Mail\""}));
    REQUIRE(what.actions.size() == 6);
    CHECK(what.actions[0].by == method::mbox);
    CHECK(what.actions[0].userbase->name == "u");
    CHECK(what.actions[1].by == method::mda);
    CHECK(what.actions[1].command.text == "/bin/x -d %{dest.user}");
    CHECK(what.actions[1].user->text == "joe");
    CHECK(what.actions[2].by == method::lmtp);
    CHECK(what.actions[2].lmtp.text == "localhost:24");
    CHECK(what.actions[2].rcpt_to);
    CHECK(what.actions[2].ttl == 1h);
    CHECK(what.actions[3].by == method::forward_only);
    CHECK(what.actions[3].alias->name == "a");
    CHECK(what.actions[4].by == method::forward_only);
    CHECK(what.actions[5].path.text == "~/Mail");
    CHECK(faults_of(print(what)).empty());
    CHECK(fault_of("reject for any forward-only") ==
          "t:1:1: \"forward-only\" goes with \"accept\" and \"deliver to\"; remove it");
    CHECK_THAT(fault_of("accept for any forward-only relay"), Catch::Contains("goes with"));
    CHECK_THAT(fault_of("accept for any deliver to mda"), Catch::Contains("expected a command"));
    CHECK_THAT(fault_of("accept for any deliver to mbox as joe"), Catch::Contains("part of a rule \"as\""));
}

TEST_CASE("the names of old local actions are what they say", "[config][legacy_names]") {
    CHECK(names_of("accept for any deliver to mda \"x -y\" as joe") == "mda x -y user joe");
    CHECK(names_of("accept for any deliver to lmtp /run/l rcpt-to") == "lmtp /run/l rcpt-to");
    CHECK(names_of("accept for any deliver to mbox\naccept for any forward-only") == "mbox|forward-only");
}

TEST_CASE("equal actions of old rules are one", "[config][legacy_names]") {
    CHECK(names_of("accept for local deliver to maildir\naccept from any for domain x deliver to maildir") ==
          "maildir");
    CHECK(names_of("accept for any relay\naccept for any relay") == "relay");
}

TEST_CASE("the name of an old action is its own text, wherever it stands", "[config][legacy_names]") {
    CHECK(names_of("accept for any relay via smtps://h as \"@x\" expire 2h") == "relay smtps://h as @x expire 7200s");
    CHECK(names_of("accept for any alias <a> deliver to maildir") == "maildir alias <a>");
    CHECK(names_of("accept for any virtual { \"@\" = joe } deliver to maildir /m") == "maildir /m virtual {@ = joe}");
    CHECK(names_of("accept for any relay source { 192.0.2.1, 192.0.2.2 } hostname h.example tls verify") ==
          "relay tls verify source {192.0.2.1, 192.0.2.2} hostname h.example");
    const std::string one = "accept for any relay via tls+auth://a@h auth <t>";
    const std::string other = "accept for local deliver to maildir";
    CHECK(names_of(one + "\n" + other) == "relay tls+auth://a@h|maildir");
    CHECK(names_of(other + "\n\n" + one) == "maildir|relay tls+auth://a@h");
}

TEST_CASE("old actions that differ in their credentials alone have different names without secrets",
          "[config][legacy_names]") {
    CHECK(names_of(lines({"accept for domain a relay via tls+auth://l@h auth <t>",
                          "accept for any relay via tls+auth://l@h auth <u>"})) ==
          "relay tls+auth://l@h|relay tls+auth://l@h auth <u>");
    const std::string inline_tables =
        names_of(lines({"accept for domain a relay via tls+auth://l@h auth { l = \"u:first\" }",
                        "accept for domain b relay via tls+auth://l@h auth { l = \"u:second\" }",
                        "accept for domain c relay via tls+auth://l@h auth { l = \"u:third\" }",
                        "accept for domain d relay via tls+auth://l@h auth { l = \"u:second\" }"}));
    CHECK(inline_tables == "relay tls+auth://l@h|relay tls+auth://l@h auth {l}|relay tls+auth://l@h auth {l} (2)");
}

TEST_CASE("an old action takes no name that the file has given", "[config][legacy_names]") {
    const model what = model_of(lines({"accept for local deliver to maildir", "action \"maildir\" maildir /other",
                                       "match for any action \"maildir\""}));
    REQUIRE(what.actions.size() == 2);
    CHECK(what.rules[0].action->text == "maildir (2)");
    CHECK(what.actions[1].name == "maildir (2)");
    CHECK(what.actions[1].path.text.empty());
}

TEST_CASE("the name of a long list is cut, and still its own", "[config][legacy_names]") {
    const auto with_last = [](const std::string& last) {
        std::string hosts;
        for (int i = 0; i < 100; ++i) hosts += "smtp://host" + std::to_string(i) + ".example.org, ";
        return names_of("accept for any relay via { " + hosts + last + " }");
    };
    CHECK(with_last("smtp://a").size() == 200);
    CHECK(with_last("smtp://a") == with_last("smtp://a"));
    CHECK(with_last("smtp://a") != with_last("smtp://b"));
    CHECK(with_last("smtp://a").starts_with("relay {smtp://host0.example.org, "));
}
