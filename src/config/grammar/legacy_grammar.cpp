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
#include "option.hpp"

namespace waypost::config {
namespace {

struct rule_reading {
    config::grammar& grammar;
    bool is_accept = false;
    config::rule rule = {};
    bool has_delivery = false;
    config::action action = {};     // if it has
    config::action expansion = {};  // its alias, virtual and ttl, which may stand before the delivery
    bool forward_only = false;
};

void add(cursor& cursor, rule_reading& reading, subject subject, const token& word, bool negated,
         std::optional<table_use> values) {
    add_condition(cursor, reading.rule, {subject, negated, false, std::move(values), word.position.where()});
}

/// [!] TABLES
void add_with_values(cursor& cursor, rule_reading& reading, subject subject, const token& word, bool negated = false) {
    negated = cursor.skip_mark('!') || negated;
    add(cursor, reading, subject, word, negated, take_table_use(cursor, "a table, a list or a string"));
}

void read_from(cursor& cursor, rule_reading& reading, const token& word) {
    const bool negated = cursor.skip_mark('!');
    if (cursor.skip_word("any") || cursor.skip_word("all"))
        return add(cursor, reading, subject::from_any, word, negated, {});
    if (cursor.skip_word("local")) return add(cursor, reading, subject::from_local, word, negated, {});
    cursor.skip_word("source");
    add_with_values(cursor, reading, subject::from_source, word, negated);
}

void read_for(cursor& cursor, rule_reading& reading, const token& word) {
    const bool negated = cursor.skip_mark('!');
    if (cursor.skip_word("any") || cursor.skip_word("all"))
        return add(cursor, reading, subject::for_any, word, negated, {});
    if (cursor.skip_word("local")) return add(cursor, reading, subject::for_local, word, negated, {});
    if (!cursor.skip_word("domain")) cursor.fail_unexpected(cursor.peek(), "\"any\", \"local\" or \"domain\"");
    add_with_values(cursor, reading, subject::for_domain, word, negated);
}

void begin_action(cursor& cursor, rule_reading& reading, const token& word) {
    if (!reading.is_accept)
        cursor.fail(word, "\"reject\" with " + cursor.show(word), "write accept, or end the rule before it");
    if (std::exchange(reading.has_delivery, true))
        cursor.fail(word, "a second delivery in one rule", "write a rule for each");
    reading.action.location = reading.rule.location;
}

void read_delivery(cursor& cursor, rule_reading& reading, const token& word) {
    begin_action(cursor, reading, word);
    read_delivery_of_2012(cursor, reading.action, word);
}

constexpr option<rule_reading> deliveries[] = {
    {"lmtp", custom{&read_delivery}},
    {"maildir", custom{&read_delivery}},
    {"mbox", custom{&read_delivery}},
    {"mda", custom{&read_delivery}},
};

void read_deliver(cursor& cursor, rule_reading& reading, const token&) {
    cursor.expect_word("to", "deliver to maildir");
    if (cursor.at_line_end()) cursor.fail_unexpected(cursor.peek(), "\"maildir\", \"mbox\", \"mda\" or \"lmtp\"");
    const token method = cursor.take();
    find_option<rule_reading>(cursor, method, deliveries, "delivery method").read(cursor, reading, method);
}

void read_certificate(cursor& cursor, rule_reading& reading, const token&) {
    reading.action.pki = cursor.take_string("the name of a certificate");
    reading.grammar.certificates.push_back(*reading.action.pki);
}

void read_tls(cursor& cursor, rule_reading& reading, const token&) {
    reading.action.relay.tls = mail::transport_security::starttls;
    reading.action.relay.no_verify = !cursor.skip_word("verify");
}

void read_backup(cursor& cursor, rule_reading& reading, const token&) {
    reading.action.relay.backup = domain_name{"the name of an MX host"}.read(cursor).text;
}

template <auto... Members>
constexpr auto in_action = field<&rule_reading::action, Members...>;
template <auto Member>
constexpr auto in_expansion = field<&rule_reading::expansion, Member>;
using relay_settings = relay::action_settings;

constexpr option<rule_reading> expire = {"expire", setting{in_expansion<&action::ttl>, time_span()}};

constexpr option<rule_reading> relay_options[] = {
    {"as", setting{in_action<&action::relay, &relay_settings::mail_from>, sender_address{"as"}}},
    {"auth", setting{in_action<&action::auth>, table_or_rows{"a table of credentials"}}},
    {"backup", custom{&read_backup}},
    {"ca", setting{in_action<&action::ca>, string_value{"the name of a ca"}}},
    {"certificate", custom{&read_certificate}},
    expire,
    {"hostname", setting{in_action<&action::relay, &relay_settings::helo>, domain_name()}},
    {"hostnames", setting{in_action<&action::helo_names>, table_or_rows{"a table of host names"}}},
    {"pki", setting{in_action<&action::pki>, string_value{"the name of a pki"}}},
    {"source", setting{in_action<&action::sources>, table_or_rows{"a source address"}}},
    {"tls", custom{&read_tls}},
    {"verify",
     custom<rule_reading>{[](cursor&, rule_reading&, const token&) {}}},  // tls:// and smtps:// verify as they are
    {"via", setting{in_action<&action::hosts>, table_or_rows{"a relay URL"}}},
};

void read_relay(cursor& cursor, rule_reading& reading, const token& word) {
    begin_action(cursor, reading, word);
    read_options<rule_reading>(cursor, reading, relay_options, "option of \"relay\"");
    // `tls` did not verify, the URL does; the stricter of the two.
    if (reading.action.hosts) reading.action.relay.no_verify = false;
    if (reading.action.auth && !reading.action.hosts) {
        cursor.fault(word.position.where(), "\"auth\" without \"via\"",
                     "write relay via tls+auth://label@host auth <table>");
    }
}

void check_users(cursor& cursor, const rule_reading& reading, const token& word) {
    if (reading.expansion.userbase) cursor.fail(word, "a second table of users in one rule", "keep one of them");
}

constexpr auto users = setting{in_expansion<&action::userbase>, table_or_rows{"a table of users"}};

template <subject Subject>
void read_condition(cursor& cursor, rule_reading& reading, const token& word) {
    add_with_values(cursor, reading, Subject, word);
}

constexpr option<rule_reading> parts[] = {
    {"alias", setting{in_expansion<&action::alias>, table_or_rows{"a table of aliases"}}},
    {"deliver", custom{&read_deliver}},
    expire,
    {"for", custom{&read_for}},
    {"forward-only", constant{field<&rule_reading::forward_only>, true}},
    {"from", custom{&read_from}},
    {"recipient", custom{&read_condition<subject::rcpt_to>}},
    {"relay", custom{&read_relay}},
    {"sender", custom{&read_condition<subject::mail_from>}},
    {"tagged", custom{&read_condition<subject::tag>}},
    {.word = "userbase", .value = users, .check = &check_users},
    {.word = "users", .value = users, .check = &check_users},
    {"virtual", setting{in_expansion<&action::virtual_users>, table_or_rows{"a table of virtual users"}}},
};

void check_whole(cursor& cursor, rule_reading& reading, const token& word) {
    const location& where = reading.rule.location;
    const bool stays_here = reading.has_delivery && reading.action.by != action::method::relay;
    if (reading.forward_only && (!reading.is_accept || (reading.has_delivery && !stays_here)))
        cursor.fail(word, "\"forward-only\" goes with \"accept\" and \"deliver to\"", "remove it");
    if (reading.is_accept && !reading.has_delivery && !reading.forward_only) {
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
    rule_reading all{.grammar = g, .is_accept = word.is_word("accept")};
    all.rule.location = word.position.where();
    all.rule.authenticated_pass_source = true;
    read_options<rule_reading>(g.cursor, all, parts, "part of a rule");
    check_whole(g.cursor, all, word);
    complete_conditions(all.rule);
    // Whatever it says of a delivery besides: who has no ~/.forward gets none.
    if (all.forward_only) {
        all.has_delivery = true;
        all.action = {};
        set_method(all.action, "forward-only");
        all.action.location = all.rule.location;
    }
    if (all.has_delivery) {
        all.action.alias = std::move(all.expansion.alias);
        all.action.virtual_users = std::move(all.expansion.virtual_users);
        all.action.userbase = std::move(all.expansion.userbase);
        all.action.ttl = all.expansion.ttl;
        g.nameless.push_back({g.model.rules.size(), std::move(all.action)});
        all.rule.action = located_string{{}, all.rule.location};
    }
    g.model.rules.push_back(std::move(all.rule));
}

}  // namespace waypost::config
