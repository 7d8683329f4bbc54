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
    grammar& all;
    rule made;
    std::optional<action> by;
    action expansion;  // its alias, virtual and ttl, which may stand before the delivery
    bool is_accept = false;
    bool forward_only = false;
};

void add(cursor& at, reading& to, subject what, const token& word, bool negated, std::optional<table_use> values) {
    add_condition(at, to.made, {what, negated, false, std::move(values), word.at.where()});
}

/// [!] TABLES
void add_with_values(cursor& at, reading& to, subject what, const token& word, bool negated = false) {
    negated = at.skip_mark('!') || negated;
    add(at, to, what, word, negated, take_table_use(at, "a table, a list or a string"));
}

void read_from(cursor& at, reading& to, const token& word) {
    const bool negated = at.skip_mark('!');
    if (at.skip_word("any") || at.skip_word("all")) return add(at, to, subject::from_any, word, negated, {});
    if (at.skip_word("local")) return add(at, to, subject::from_local, word, negated, {});
    at.skip_word("source");
    add_with_values(at, to, subject::from_source, word, negated);
}

void read_for(cursor& at, reading& to, const token& word) {
    const bool negated = at.skip_mark('!');
    if (at.skip_word("any") || at.skip_word("all")) return add(at, to, subject::for_any, word, negated, {});
    if (at.skip_word("local")) return add(at, to, subject::for_local, word, negated, {});
    if (!at.skip_word("domain")) at.leave_unexpected(at.peek(), "\"any\", \"local\" or \"domain\"");
    add_with_values(at, to, subject::for_domain, word, negated);
}

void begin_action(cursor& at, reading& to, const token& word) {
    if (!to.is_accept) at.leave(word, "\"reject\" with " + at.show(word), "write accept, or end the rule before it");
    if (to.by) at.leave(word, "a second delivery in one rule", "write a rule for each");
    to.by.emplace();
    to.by->where = to.made.where;
}

void read_delivery(cursor& at, reading& to, const token& word) {
    begin_action(at, to, word);
    read_delivery_of_2012(at, *to.by, word);
}

constexpr option<reading> deliveries[] = {
    {"lmtp", &read_delivery},
    {"maildir", &read_delivery},
    {"mbox", &read_delivery},
    {"mda", &read_delivery},
};

void read_deliver(cursor& at, reading& to, const token&) {
    at.expect_word("to", "deliver to maildir");
    if (at.at_line_end()) at.leave_unexpected(at.peek(), "\"maildir\", \"mbox\", \"mda\" or \"lmtp\"");
    const token method = at.take();
    find_option<reading>(at, method, deliveries, "delivery method").read(at, to, method);
}

void read_expire(cursor& at, reading& to, const token&) { to.expansion.ttl = at.take_delay("a time"); }

constexpr option<reading> relay_options[] = {
    {"as", [](cursor& at, reading& to, const token& word) { to.by->mail_from = take_sender(at, word.text); }},
    {"auth", [](cursor& at, reading& to, const token&) { to.by->auth = take_table_use(at, "a table of credentials"); }},
    {"backup",
     [](cursor& at, reading& to, const token&) { to.by->backup = take_domain(at, "the name of an MX host"); }},
    {"ca", [](cursor& at, reading& to, const token&) { to.by->ca = at.take_string("the name of a ca"); }},
    {"certificate",
     [](cursor& at, reading& to, const token&) {
         to.by->pki = at.take_string("the name of a certificate");
         to.all.certificates.push_back(*to.by->pki);
     }},
    {"expire", &read_expire},
    {"hostname", [](cursor& at, reading& to, const token&) { to.by->helo = take_domain(at, "a host name"); }},
    {"hostnames",
     [](cursor& at, reading& to, const token&) { to.by->helo_names = take_table_use(at, "a table of host names"); }},
    {"pki", [](cursor& at, reading& to, const token&) { to.by->pki = at.take_string("the name of a pki"); }},
    {"source", [](cursor& at, reading& to, const token&) { to.by->sources = take_table_use(at, "a source address"); }},
    {"tls",
     [](cursor& at, reading& to, const token&) {
         to.by->tls = true;
         to.by->no_verify = !at.skip_word("verify");
     }},
    {"verify", [](cursor&, reading&, const token&) {}},  // tls:// and smtps:// verify as they are
    {"via", [](cursor& at, reading& to, const token&) { to.by->hosts = take_table_use(at, "a relay URL"); }},
};

void read_relay(cursor& at, reading& to, const token& word) {
    begin_action(at, to, word);
    read_options<reading>(at, to, relay_options, "option of \"relay\"");
    // `tls` did not verify, the URL does; the stricter of the two.
    if (to.by->hosts) to.by->no_verify = false;
    if (to.by->auth && !to.by->hosts) {
        at.fault(word.at.where(), "\"auth\" without \"via\"", "write relay via tls+auth://label@host auth <table>");
    }
}

void read_users(cursor& at, reading& to, const token& word) {
    if (to.expansion.userbase) at.leave(word, "a second table of users in one rule", "keep one of them");
    to.expansion.userbase = take_table_use(at, "a table of users");
}

constexpr option<reading> parts[] = {
    {"alias",
     [](cursor& at, reading& to, const token&) { to.expansion.alias = take_table_use(at, "a table of aliases"); }},
    {"deliver", &read_deliver},
    {"expire", &read_expire},
    {"for", &read_for},
    {"forward-only", [](cursor&, reading& to, const token&) { to.forward_only = true; }},
    {"from", &read_from},
    {"recipient", [](cursor& at, reading& to, const token& word) { add_with_values(at, to, subject::rcpt_to, word); }},
    {"relay", &read_relay},
    {"sender", [](cursor& at, reading& to, const token& word) { add_with_values(at, to, subject::mail_from, word); }},
    {"tagged", [](cursor& at, reading& to, const token& word) { add_with_values(at, to, subject::tag, word); }},
    {"userbase", &read_users},
    {"users", &read_users},
    {"virtual", [](cursor& at, reading& to,
                   const token&) { to.expansion.virtual_users = take_table_use(at, "a table of virtual users"); }},
};

void check_whole(cursor& at, reading& all, const token& word) {
    const location& where = all.made.where;
    const bool stays_here = all.by && all.by->by != action::method::relay;
    if (all.forward_only && (!all.is_accept || (all.by && !stays_here)))
        at.leave(word, "\"forward-only\" goes with \"accept\" and \"deliver to\"", "remove it");
    if (all.is_accept && !all.by && !all.forward_only) {
        at.leave(word, "\"accept\" without a delivery", "end the rule with deliver to maildir, or with relay");
    }
    const bool has_for = std::any_of(all.made.conditions.begin(), all.made.conditions.end(), [](const condition& one) {
        return one.what >= subject::for_any && one.what <= subject::for_recipient;
    });
    if (!has_for) at.leave(word, "a rule without \"for\"", "write for any, for local or for domain <table>");
    const bool expands = all.expansion.alias || all.expansion.virtual_users;
    if (all.expansion.alias && all.expansion.virtual_users)
        at.fault(where, "\"alias\" and \"virtual\" in one rule", "keep one of them");
    if (expands && !stays_here && !all.forward_only) {
        at.fault(where, "\"alias\" and \"virtual\" go with \"deliver to\"", "remove it, or deliver to maildir");
    }
    if (all.expansion.userbase && !stays_here && !all.forward_only)
        at.fault(where, "\"users\" goes with \"deliver to\"", "remove it, or deliver to maildir");
    if (all.expansion.ttl && !all.is_accept) at.fault(where, "\"expire\" goes with \"accept\"", "remove it");
}

}  // namespace

void read_legacy_rule(grammar& g, const token& word) {
    reading all{.all = g, .made = {}, .by = {}, .expansion = {}, .is_accept = word.is_word("accept")};
    all.made.where = word.at.where();
    all.made.authenticated_pass_source = true;
    read_options<reading>(g.at, all, parts, "part of a rule");
    check_whole(g.at, all, word);
    complete_conditions(all.made);
    // Whatever it says of a delivery besides: who has no ~/.forward gets none.
    if (all.forward_only) {
        all.by.emplace().by = action::method::forward_only;
        all.by->where = all.made.where;
    }
    if (all.by) {
        all.by->alias = std::move(all.expansion.alias);
        all.by->virtual_users = std::move(all.expansion.virtual_users);
        all.by->userbase = std::move(all.expansion.userbase);
        all.by->ttl = all.expansion.ttl;
        g.nameless.push_back({g.what.rules.size(), std::move(*all.by)});
        all.made.action = written{{}, all.made.where};
    }
    g.what.rules.push_back(std::move(all.made));
}

}  // namespace waypost::config
