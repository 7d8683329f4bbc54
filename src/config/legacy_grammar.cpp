// The rules of 2012 to 2017, when a rule and its action were one line.
//
//     accept [tagged T] [from any|local|[source] TABLES] for any|local|domain TABLES [alias TABLES | virtual TABLES]
//            deliver to METHOD | forward-only | relay [as A] | relay via URL [options]   [expire D]
//     reject [tagged T] [from ...] for ...
//
// `all` for `any` is older; `sender` and `recipient` came in 2013, and `!` before the place of a table.
#include <algorithm>
#include <utility>

#include "grammar.hpp"
#include "options.hpp"

namespace waypost::config {
namespace {

struct reading {
    config::grammar& grammar;
    config::rule rule;
    std::optional<config::action> action;
    config::action expansion;  // its alias, virtual and ttl, which may stand before the delivery
    bool is_accept = false;
    bool forward_only = false;
};

void add(cursor& cursor, reading& reading, subject subject, const token& word, bool negated,
         std::optional<table_use> values) {
    add_condition(cursor, reading.rule, {subject, negated, false, std::move(values), word.position.where()});
}

/// [!] TABLES
void add_with_values(cursor& cursor, reading& reading, subject subject, const token& word, bool negated = false) {
    negated = cursor.skip_mark('!') || negated;
    add(cursor, reading, subject, word, negated, take_table_use(cursor, "a table, a list or a string"));
}

void read_from(cursor& cursor, reading& reading, const token& word) {
    const bool negated = cursor.skip_mark('!');
    if (cursor.skip_word("any") || cursor.skip_word("all"))
        return add(cursor, reading, subject::from_any, word, negated, {});
    if (cursor.skip_word("local")) return add(cursor, reading, subject::from_local, word, negated, {});
    cursor.skip_word("source");
    add_with_values(cursor, reading, subject::from_source, word, negated);
}

void read_for(cursor& cursor, reading& reading, const token& word) {
    const bool negated = cursor.skip_mark('!');
    if (cursor.skip_word("any") || cursor.skip_word("all"))
        return add(cursor, reading, subject::for_any, word, negated, {});
    if (cursor.skip_word("local")) return add(cursor, reading, subject::for_local, word, negated, {});
    if (!cursor.skip_word("domain")) cursor.fail_unexpected(cursor.peek(), "\"any\", \"local\" or \"domain\"");
    add_with_values(cursor, reading, subject::for_domain, word, negated);
}

void begin_action(cursor& cursor, reading& reading, const token& word) {
    if (!reading.is_accept)
        cursor.fail(word, "\"reject\" with " + cursor.show(word), "write accept, or end the rule before it");
    if (reading.action) cursor.fail(word, "a second delivery in one rule", "write a rule for each");
    reading.action.emplace();
    reading.action->place = reading.rule.location;
}

void read_delivery(cursor& cursor, reading& reading, const token& word) {
    begin_action(cursor, reading, word);
    read_delivery_of_2012(cursor, *reading.action, word);
}

constexpr option<reading> deliveries[] = {
    {"lmtp", &read_delivery},
    {"maildir", &read_delivery},
    {"mbox", &read_delivery},
    {"mda", &read_delivery},
};

void read_deliver(cursor& cursor, reading& to, const token&) {
    cursor.expect_word("to", "deliver to maildir");
    if (cursor.at_line_end()) cursor.fail_unexpected(cursor.peek(), "\"maildir\", \"mbox\", \"mda\" or \"lmtp\"");
    const token method = cursor.take();
    find_option<reading>(cursor, method, deliveries, "delivery method").read(cursor, to, method);
}

void read_expire(cursor& cursor, reading& reading, const token&) {
    reading.expansion.ttl = cursor.take_delay("a time");
}

constexpr option<reading> relay_options[] = {
    {"as", [](cursor& cursor, reading& reading,
              const token& word) { reading.action->mail_from = take_sender(cursor, word.text); }},
    {"auth", [](cursor& cursor, reading& reading,
                const token&) { reading.action->auth = take_table_use(cursor, "a table of credentials"); }},
    {"backup", [](cursor& cursor, reading& reading,
                  const token&) { reading.action->backup = take_domain(cursor, "the name of an MX host"); }},
    {"ca", [](cursor& cursor, reading& reading,
              const token&) { reading.action->ca = cursor.take_string("the name of a ca"); }},
    {"certificate",
     [](cursor& cursor, reading& reading, const token&) {
         reading.action->pki = cursor.take_string("the name of a certificate");
         reading.grammar.certificates.push_back(*reading.action->pki);
     }},
    {"expire", &read_expire},
    {"hostname",
     [](cursor& cursor, reading& reading, const token&) { reading.action->helo = take_domain(cursor, "a host name"); }},
    {"hostnames", [](cursor& cursor, reading& reading,
                     const token&) { reading.action->helo_names = take_table_use(cursor, "a table of host names"); }},
    {"pki", [](cursor& cursor, reading& reading,
               const token&) { reading.action->pki = cursor.take_string("the name of a pki"); }},
    {"source", [](cursor& cursor, reading& reading,
                  const token&) { reading.action->sources = take_table_use(cursor, "a source address"); }},
    {"tls",
     [](cursor& cursor, reading& reading, const token&) {
         reading.action->tls = true;
         reading.action->no_verify = !cursor.skip_word("verify");
     }},
    {"verify", [](cursor&, reading&, const token&) {}},  // tls:// and smtps:// verify as they are
    {"via", [](cursor& cursor, reading& reading,
               const token&) { reading.action->hosts = take_table_use(cursor, "a relay URL"); }},
};

void read_relay(cursor& cursor, reading& to, const token& word) {
    begin_action(cursor, to, word);
    read_options<reading>(cursor, to, relay_options, "option of \"relay\"");
    // `tls` did not verify, the URL does; the stricter of the two.
    if (to.action->hosts) to.action->no_verify = false;
    if (to.action->auth && !to.action->hosts) {
        cursor.fault(word.position.where(), "\"auth\" without \"via\"",
                     "write relay via tls+auth://label@host auth <table>");
    }
}

void read_users(cursor& cursor, reading& reading, const token& word) {
    if (reading.expansion.userbase) cursor.fail(word, "a second table of users in one rule", "keep one of them");
    reading.expansion.userbase = take_table_use(cursor, "a table of users");
}

constexpr option<reading> parts[] = {
    {"alias", [](cursor& cursor, reading& reading,
                 const token&) { reading.expansion.alias = take_table_use(cursor, "a table of aliases"); }},
    {"deliver", &read_deliver},
    {"expire", &read_expire},
    {"for", &read_for},
    {"forward-only", [](cursor&, reading& reading, const token&) { reading.forward_only = true; }},
    {"from", &read_from},
    {"recipient", [](cursor& cursor, reading& reading,
                     const token& word) { add_with_values(cursor, reading, subject::rcpt_to, word); }},
    {"relay", &read_relay},
    {"sender", [](cursor& cursor, reading& reading,
                  const token& word) { add_with_values(cursor, reading, subject::mail_from, word); }},
    {"tagged",
     [](cursor& cursor, reading& reading, const token& word) { add_with_values(cursor, reading, subject::tag, word); }},
    {"userbase", &read_users},
    {"users", &read_users},
    {"virtual",
     [](cursor& cursor, reading& reading, const token&) {
         reading.expansion.virtual_users = take_table_use(cursor, "a table of virtual users");
     }},
};

void check_whole(cursor& cursor, reading& reading, const token& word) {
    const location& where = reading.rule.location;
    const bool stays_here = reading.action && reading.action->by != action::method::relay;
    if (reading.forward_only && (!reading.is_accept || (reading.action && !stays_here)))
        cursor.fail(word, "\"forward-only\" goes with \"accept\" and \"deliver to\"", "remove it");
    if (reading.is_accept && !reading.action && !reading.forward_only) {
        cursor.fail(word, "\"accept\" without a delivery", "end the rule with deliver to maildir, or with relay");
    }
    const bool has_for =
        std::any_of(reading.rule.conditions.begin(), reading.rule.conditions.end(), [](const condition& condition) {
            return condition.subject >= subject::for_any && condition.subject <= subject::for_recipient;
        });
    if (!has_for) cursor.fail(word, "a rule without \"for\"", "write for any, for local or for domain <table>");
    const bool expands = reading.expansion.alias || reading.expansion.virtual_users;
    if (reading.expansion.alias && reading.expansion.virtual_users)
        cursor.fault(where, "\"alias\" and \"virtual\" in one rule", "keep one of them");
    if (expands && !stays_here && !reading.forward_only) {
        cursor.fault(where, "\"alias\" and \"virtual\" go with \"deliver to\"", "remove it, or deliver to maildir");
    }
    if (reading.expansion.userbase && !stays_here && !reading.forward_only)
        cursor.fault(where, "\"users\" goes with \"deliver to\"", "remove it, or deliver to maildir");
    if (reading.expansion.ttl && !reading.is_accept)
        cursor.fault(where, "\"expire\" goes with \"accept\"", "remove it");
}

}  // namespace

void read_legacy_rule(grammar& g, const token& word) {
    reading all{.grammar = g, .rule = {}, .action = {}, .expansion = {}, .is_accept = word.is_word("accept")};
    all.rule.location = word.position.where();
    all.rule.authenticated_pass_source = true;
    read_options<reading>(g.cursor, all, parts, "part of a rule");
    check_whole(g.cursor, all, word);
    complete_conditions(all.rule);
    // Whatever it says of a delivery besides: who has no ~/.forward gets none.
    if (all.forward_only) {
        all.action.emplace().by = action::method::forward_only;
        all.action->place = all.rule.location;
    }
    if (all.action) {
        all.action->alias = std::move(all.expansion.alias);
        all.action->virtual_users = std::move(all.expansion.virtual_users);
        all.action->userbase = std::move(all.expansion.userbase);
        all.action->ttl = all.expansion.ttl;
        g.nameless.push_back({g.model.rules.size(), std::move(*all.action)});
        all.rule.action = located_string{{}, all.rule.location};
    }
    g.model.rules.push_back(std::move(all.rule));
}

}  // namespace waypost::config
