#include <catch2/catch.hpp>

#include "config/texts.hpp"

using namespace waypost::config;

namespace {

/// The conditions of the first rule, as `subject[!][~] values`, subjects by their number in the order of evaluation.
std::string shown(const rule& rule) {
    static constexpr const char* names[] = {
        "tag",       "from_any",       "from_local", "from_socket", "from_source", "from_rdns",
        "from_auth", "from_mail_from", "for_any",    "for_local",   "for_domain",  "for_recipient",
        "helo",      "auth",           "tls",        "mail_from",   "rcpt_to"};
    std::string text;
    for (const condition& one : rule.conditions) {
        if (!text.empty()) text += " ";
        text += names[static_cast<int>(one.subject)];
        if (one.negated) text += "!";
        if (one.regex) text += "~";
        if (!one.values) continue;
        text += "(";
        if (!one.values->name.empty()) text += "<" + one.values->name + ">";
        for (const table_row& row : one.values->rows.rows) text += row.key + ",";
        text += ")";
    }
    return text + (rule.action ? " -> " + rule.action->text : " -> reject");
}

std::string rule_of(const std::string& text) { return shown(model_of(text).rules.at(0)); }

}  // namespace

TEST_CASE("no from is from local, no for is for local", "[config][match_grammar]") {
    CHECK(rule_of("match action a") == "from_local for_local -> a");
    CHECK(rule_of("match reject") == "from_local for_local -> reject");
    CHECK(rule_of("match for any action \"relay\"") == "from_local for_any -> relay");
}

TEST_CASE("every condition there is", "[config][match_grammar]") {
    CHECK(rule_of("match from any for any reject") == "from_any for_any -> reject");
    CHECK(rule_of("match from local for local reject") == "from_local for_local -> reject");
    CHECK(rule_of("match from socket reject") == "from_socket for_local -> reject");
    CHECK(rule_of("match from src <t> reject") == "from_source(<t>) for_local -> reject");
    CHECK(rule_of("match from src regex \"^10\\.\" reject") == "from_source~(^10\\.,) for_local -> reject");
    CHECK(rule_of("match from rdns reject") == "from_rdns for_local -> reject");
    CHECK(rule_of("match from rdns { a, b } reject") == "from_rdns(a,b,) for_local -> reject");
    CHECK(rule_of("match from rdns regex <t> reject") == "from_rdns~(<t>) for_local -> reject");
    CHECK(rule_of("match from auth reject") == "from_auth for_local -> reject");
    CHECK(rule_of("match from auth gilles reject") == "from_auth(gilles,) for_local -> reject");
    CHECK(rule_of("match from auth regex x for any reject") == "from_auth~(x,) for_any -> reject");
    CHECK(rule_of("match from mail-from \"@a.b\" reject") == "from_mail_from(@a.b,) for_local -> reject");
    CHECK(rule_of("match from mail-from regex x reject") == "from_mail_from~(x,) for_local -> reject");
    CHECK(rule_of("match for domain example.org reject") == "from_local for_domain(example.org,) -> reject");
    CHECK(rule_of("match for domain { a, b } reject") == "from_local for_domain(a,b,) -> reject");
    CHECK(rule_of("match for domain regex x reject") == "from_local for_domain~(x,) -> reject");
    CHECK(rule_of("match for rcpt-to a@b reject") == "from_local for_recipient(a@b,) -> reject");
    CHECK(rule_of("match for rcpt-to regex <t> reject") == "from_local for_recipient~(<t>) -> reject");
    CHECK(rule_of("match auth reject") == "from_local for_local auth -> reject");
    CHECK(rule_of("match auth <t> reject") == "from_local for_local auth(<t>) -> reject");
    CHECK(rule_of("match auth regex <t> reject") == "from_local for_local auth~(<t>) -> reject");
    CHECK(rule_of("match helo h reject") == "from_local for_local helo(h,) -> reject");
    CHECK(rule_of("match helo regex h reject") == "from_local for_local helo~(h,) -> reject");
    CHECK(rule_of("match mail-from m reject") == "from_local for_local mail_from(m,) -> reject");
    CHECK(rule_of("match rcpt-to regex r reject") == "from_local for_local rcpt_to~(r,) -> reject");
    CHECK(rule_of("match tag T reject") == "tag(T,) from_local for_local -> reject");
    CHECK(rule_of("match tag regex T reject") == "tag~(T,) from_local for_local -> reject");
    CHECK(rule_of("match tls reject") == "from_local for_local tls -> reject");
}

TEST_CASE("every condition can be negated", "[config][match_grammar]") {
    CHECK(rule_of("match !from src <t> !for domain <d> !tls !auth !helo h !mail-from m !rcpt-to r !tag T reject") ==
          "tag!(T,) from_source!(<t>) for_domain!(<d>) helo!(h,) auth! tls! mail_from!(m,) rcpt_to!(r,) -> reject");
    CHECK(rule_of("match ! from any reject") == "from_any! for_local -> reject");
    CHECK(rule_of("match from ! local for ! domain x reject") == "from_local! for_domain!(x,) -> reject");
}

TEST_CASE("conditions are kept in the order of their evaluation", "[config][match_grammar]") {
    CHECK(rule_of("match rcpt-to r mail-from m tls auth helo h for any from any tag T action a") ==
          "tag(T,) from_any for_any helo(h,) auth tls mail_from(m,) rcpt_to(r,) -> a");
}

TEST_CASE("faults of rules", "[config][match_grammar]") {
    CHECK(fault_of("match") ==
          "t:1:6: expected \"action\" or \"reject\", found the end of the line; end the rule with action NAME, or with "
          "reject");
    CHECK(fault_of("match for any") ==
          "t:1:14: expected \"action\" or \"reject\", found the end of the line; end the rule with action NAME, or "
          "with reject");
    CHECK(fault_of("match for any acton a") ==
          "t:1:15: unknown condition of \"match\" \"acton\"; did you mean \"action\"?");
    CHECK(fault_of("match for any action") == "t:1:21: expected the name of an action, found the end of the line");
    CHECK(fault_of("match for any reject now") == "t:1:22: expected the end of the line, found \"now\"");
    CHECK(fault_of("match form any reject") ==
          "t:1:7: unknown condition of \"match\" \"form\"; did you mean \"from\"?");
    CHECK(fault_of("match from") ==
          "t:1:11: expected a word behind \"from\", found the end of the line; write from any");
    CHECK(fault_of("match from loca reject") ==
          "t:1:12: unknown source behind \"from\" \"loca\"; did you mean \"local\"?");
    CHECK(fault_of("match from <t> reject") == "t:1:12: expected a source behind \"from\", found \"<\"");
    CHECK(fault_of("match for domian d reject") ==
          "t:1:11: unknown destination behind \"for\" \"domian\"; did you mean \"domain\"?");
    CHECK(fault_of("match for domain reject") ==
          "t:1:18: \"reject\" is a word of the grammar where a table, a list or a string is wanted; put it in quotes "
          "if it is "
          "meant: \"reject\"");
    CHECK(fault_of("match tag") == "t:1:10: expected a table, a list or a string, found the end of the line");
    CHECK(fault_of("match auth regex") == "t:1:17: expected a table, a list or a string, found the end of the line");
    CHECK(fault_of("match from any from local reject") ==
          "t:1:16: a second condition of this kind in one rule; write a rule for each, or a list { a, b }");
    CHECK(fault_of("match tag a tag b reject") ==
          "t:1:13: a second condition of this kind in one rule; write a rule for each, or a list { a, b }");
    CHECK(fault_of("match !action a") == "t:1:8: unknown condition of \"match\" \"action\"");
    CHECK(fault_of("match , reject") == "t:1:7: expected a condition of \"match\", found \",\"");
}
