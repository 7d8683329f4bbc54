#include <catch2/catch.hpp>

#include "config/load/loads.hpp"

using namespace waypost;
using namespace waypost::config;

namespace {

std::string faults(const std::string& rules) { return load_faults("action \"a\" maildir\n" + rules); }

}  // namespace

TEST_CASE("rules are what the file says, with their lines", "[config][load_rules]") {
    const generation made =
        settings_of(lines({"action \"a\" maildir", "", "match from any !for domain <d> tls action \"a\"",
                           "table d { x }", "reject from { 192.0.2.0/24 } for any"}));
    const auto& all = made.rules->rules();
    REQUIRE(all.size() == 2);
    CHECK(all[0].line.file == "t");
    CHECK(all[0].line.line == 3);
    CHECK(all[0].outcome == made.rules->find_action("a"));
    CHECK_FALSE(all[0].authenticated_pass_source);
    REQUIRE(all[0].conditions.size() == 3);
    CHECK(all[0].conditions[0].tested == subject::from_any);
    CHECK(all[0].conditions[1].tested == subject::for_domain);
    CHECK(all[0].conditions[1].negated);
    CHECK(all[0].conditions[1].values->name() == "d");
    CHECK(all[0].conditions[2].tested == subject::tls);
    CHECK(all[1].outcome == nullptr);
    CHECK(all[1].authenticated_pass_source);
    CHECK(all[1].conditions[0].tested == subject::from_source);
}

TEST_CASE("every subject of the grammar is the rules' own", "[config][load_rules]") {
    const std::vector<std::pair<std::string, subject>> all{{"tag x", subject::tag},
                                                           {"from any", subject::from_any},
                                                           {"from local", subject::from_local},
                                                           {"from socket", subject::from_socket},
                                                           {"from src ::1", subject::from_source},
                                                           {"from rdns", subject::from_rdns},
                                                           {"from auth", subject::from_auth},
                                                           {"from mail-from x", subject::from_mail_from},
                                                           {"for any", subject::for_any},
                                                           {"for local", subject::for_local},
                                                           {"for domain x", subject::for_domain},
                                                           {"for rcpt-to x", subject::for_recipient},
                                                           {"helo x", subject::helo},
                                                           {"auth", subject::auth},
                                                           {"tls", subject::tls},
                                                           {"mail-from x", subject::mail_from},
                                                           {"rcpt-to x", subject::rcpt_to}};
    for (const auto& [text, expected] : all) {
        const generation made = settings_of("match " + text + " reject");
        const auto& conditions = made.rules->rules()[0].conditions;
        CHECK(
            std::any_of(conditions.begin(), conditions.end(), [&](const auto& one) { return one.tested == expected; }));
    }
}

TEST_CASE("local names are localhost and this host", "[config][load_rules]") {
    const generation made = settings_of("hostname MX.example.org\n" + a_rule);
    CHECK(made.rules->is_local_domain("localhost"));
    CHECK(made.rules->is_local_domain("mx.example.org"));
    CHECK_FALSE(made.rules->is_local_domain("example.org"));
}

TEST_CASE("no rules, nothing to do", "[config][load_rules]") {
    CHECK(load_faults("listen on 127.0.0.1") ==
          "t: no rules, nothing to do; write at least an action and a match line: match for local action NAME");
}

TEST_CASE("an action that does not exist is a fault with the nearest name", "[config][load_rules]") {
    CHECK(load_faults("action \"local\" maildir\nmatch for any action \"locla\"") ==
          "t:2:22: there is no action \"locla\"; did you mean \"local\"?");
    CHECK(load_faults("match for any action x") ==
          "t:1:22: there is no action \"x\"; define it: action \"x\" relay, or maildir");
}

TEST_CASE("values of conditions are checked where their form is known", "[config][load_rules]") {
    CHECK(faults("match from src banana reject") ==
          "t:2:16: \"banana\" is neither an address nor a network; write it like 192.0.2.0/24 or 2001:db8::/32");
    CHECK(faults("match from src { 192.0.2.0/33 } reject") ==
          "t:2:18: \"192.0.2.0/33\" is neither an address nor a network; write it like 192.0.2.0/24 or 2001:db8::/32");
    CHECK(faults("match from src { \"local\", ::1, \"[2001:db8::]/32\" } reject").empty());
    CHECK(faults("match for domain user@example.org reject") ==
          "t:2:18: \"user@example.org\" is no domain; write it like example.org or *.example.org; addresses go with "
          "rcpt-to");
    CHECK(faults("match for domain regex \"(\" reject").starts_with("t:2:24: \"(\" is no regular expression: "));
    CHECK(faults("match for domain regex \"(\" reject").ends_with("; write a POSIX extended expression"));
    CHECK(faults("match helo regex \"^[0-9.]+$\" reject").empty());
}

TEST_CASE("an open relay is a warning", "[config][load_rules]") {
    const std::string open = "action \"out\" relay\nmatch from any for any action \"out\"\n";
    const std::string warning =
        "t:2:1: warning: this rule relays mail of anybody to anywhere: an open relay; write from local, from src "
        "<networks> or auth";
    CHECK(load_faults(open + "listen on all inet4") == warning);
    CHECK(load_faults(open + "listen on 127.0.0.1").empty());
    CHECK(load_faults(open).empty());
    CHECK(load_faults("action \"out\" relay\nmatch from any auth for any action \"out\"\nlisten on all inet4").empty());
    CHECK(load_faults("action \"in\" maildir\nmatch from any for any action \"in\"\nlisten on all inet4").empty());
}
