// Rules: what they ask, whom they choose, and whether they can work at all.
#include <algorithm>

#include "loading.hpp"
#include "nearest.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/table/services.hpp"

namespace waypost::config {
namespace {

rules::condition::subject same(subject what) {
    using to = rules::condition::subject;
    switch (what) {
        case subject::tag: return to::tag;
        case subject::from_any: return to::from_any;
        case subject::from_local: return to::from_local;
        case subject::from_socket: return to::from_socket;
        case subject::from_source: return to::from_source;
        case subject::from_rdns: return to::from_rdns;
        case subject::from_auth: return to::from_auth;
        case subject::from_mail_from: return to::from_mail_from;
        case subject::for_any: return to::for_any;
        case subject::for_local: return to::for_local;
        case subject::for_domain: return to::for_domain;
        case subject::for_recipient: return to::for_recipient;
        case subject::helo: return to::helo;
        case subject::auth: return to::auth;
        case subject::tls: return to::tls;
        case subject::mail_from: return to::mail_from;
        case subject::rcpt_to: break;
    }
    return to::rcpt_to;
}

/// Who judges the values of this condition; null where anything may stand.
table::row_judge judge_of(const condition& one) {
    if (one.regex) return &table::regex::fault_of;
    switch (one.what) {
        case subject::from_source: return &table::netaddr::fault_of;
        case subject::for_domain: return &table::fault_of_domain;
        case subject::from_mail_from:
        case subject::mail_from:
        case subject::for_recipient:
        case subject::rcpt_to: return &table::mailaddr::fault_of;
        default: return nullptr;
    }
}

rules::condition load_condition(loading& now, const condition& from) {
    rules::condition made;
    made.what = same(from.what);
    made.negated = from.negated;
    made.regex = from.regex;
    if (!from.values) return made;
    const shelved* const values = now.tables.find(*from.values);
    if (values == nullptr) return made;
    made.values = values->get();
    // A row that matches nothing opens a rule that rejects.
    if (const table::row_judge judge = judge_of(from)) check_rows_always(now, *values, judge);
    return made;
}

std::unique_ptr<rules::action> load_action(loading& now, const action& from) {
    auto made = std::make_unique<rules::action>();
    made->name = from.name;
    made->ttl = from.ttl;
    using to = rules::action::method;
    switch (from.by) {
        case action::method::relay: made->by = from.hosts ? to::relay_host : to::relay_by_domain; return made;
        case action::method::lmtp: made->by = to::mailbox_store; break;
        case action::method::expand_only: made->by = to::expand_only; break;
        case action::method::forward_only: made->by = to::forward_only; break;
        default: made->by = to::local; break;
    }
    made->users = users_of(now, from);
    made->reads_forward = !from.user && from.by != action::method::expand_only;
    const auto expand = [&](const std::optional<table_use>& with, rules::action::expansion how, std::string_view word,
                            table::row_judge judge) {
        if (!with) return;
        const shelved* const found = now.tables.find_map(*with, word);
        if (found == nullptr) return;
        doubt_rows(now, *found, judge);
        made->expand = how;
        made->expand_with = found->get();
    };
    expand(from.alias, rules::action::expansion::alias, "alias", &table::alias::fault_of);
    expand(from.virtual_users, rules::action::expansion::virtual_users, "virtual", &table::virtual_alias::fault_of);
    return made;
}

const rules::action* find_action(loading& now, const std::vector<std::unique_ptr<rules::action>>& all,
                                 const written& name) {
    for (const auto& one : all) {
        if (one->name == name.text) return one.get();
    }
    const std::string shown = base::printable(name.text, 64);
    std::string instead = did_you_mean(name.text, names_of(now.from.actions));
    if (instead.empty()) instead = "define it: action \"" + shown + "\" relay, or maildir";
    now.faults.fault(name.where, "there is no action \"" + shown + "\"", std::move(instead));
    return nullptr;
}

/// Anybody to anywhere, with no other condition, and reachable by others than this machine.
bool is_open_relay(const loading& now, const rules::rule& of) {
    using subject = rules::condition::subject;
    if (of.then == nullptr) return false;
    const auto by = of.then->by;
    if (by != rules::action::method::relay_host && by != rules::action::method::relay_by_domain) return false;
    const bool anybody_anywhere =
        std::all_of(of.conditions.begin(), of.conditions.end(), [](const rules::condition& one) {
            return !one.negated && (one.what == subject::from_any || one.what == subject::for_any);
        });
    const auto& listeners = now.to.inbound.listeners;
    return anybody_anywhere && std::any_of(listeners.begin(), listeners.end(), [](const auto& one) {
               return one.at && !one.at->ip.is_loopback() && one.protocol.auth != smtp::demand::required;
           });
}

}  // namespace

void load_rules(loading& now) {
    std::vector<std::unique_ptr<rules::action>> actions;
    actions.reserve(now.from.actions.size());
    for (const action& one : now.from.actions) actions.push_back(load_action(now, one));
    std::vector<rules::rule> made;
    for (const rule& one : now.from.rules) {
        rules::rule& added = made.emplace_back();
        added.conditions.reserve(one.conditions.size());
        added.where = {one.where.file, one.where.line};
        added.authenticated_pass_source = one.authenticated_pass_source;
        for (const condition& each : one.conditions) added.conditions.push_back(load_condition(now, each));
        if (one.action) added.then = find_action(now, actions, *one.action);
        if (is_open_relay(now, added)) {
            now.faults.warn(one.where, "this rule relays mail of anybody to anywhere: an open relay",
                            "write from local, from src <networks> or auth");
        }
    }
    if (made.empty()) {
        now.faults.fault({now.from.file, 0, 0}, "no rules, nothing to do",
                         "write at least an action and a match line: match for local action NAME");
    }
    if (now.faults.any_fault()) return;  // an incomplete rule is no rule
    now.to.rules = std::make_unique<rules::ruleset>(
        std::move(actions), std::move(made),
        rules::addressing{
            .local_names = {"localhost", now.to.host}, .tag_delimiter = now.from.tag_delimiter, .srs = now.to.srs});
}

}  // namespace waypost::config
