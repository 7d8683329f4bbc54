// Rules: what they ask, whom they choose, and whether they can work at all.
#include <algorithm>

#include "load_context.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/config/syntax/words.hpp"
#include "waypost/table/services.hpp"

namespace waypost::config {
namespace {

/// Who judges the values of this condition; null where anything may stand.
table::row_judge judge_of(const condition& condition) {
    if (condition.regex) return &table::regex::fault_of;
    switch (condition.subject) {
        case subject::from_source: return &table::netaddr::fault_of;
        case subject::for_domain: return &table::fault_of_domain;
        case subject::from_mail_from:
        case subject::mail_from:
        case subject::for_recipient:
        case subject::rcpt_to: return &table::mailaddr::fault_of;
        default: return nullptr;
    }
}

rules::condition load_condition(load_context& context, const condition& condition) {
    rules::condition made;
    made.tested = condition.subject;
    made.negated = condition.negated;
    made.regex = condition.regex;
    if (!condition.values) return made;
    const loaded_table* const values = context.tables.find(*condition.values);
    if (values == nullptr) return made;
    made.values = values->get();
    // A row that matches nothing opens a rule that rejects.
    if (const table::row_judge judge = judge_of(condition)) check_rows_always(context, *values, judge);
    return made;
}

std::unique_ptr<rules::action> load_action(load_context& context, const action& action) {
    auto made = std::make_unique<rules::action>();
    made->name = action.name;
    made->ttl = action.ttl;
    using to = rules::action::method;
    switch (action.by) {
        case action::method::relay: made->kind = action.hosts ? to::relay_host : to::relay_by_domain; return made;
        case action::method::lmtp: made->kind = to::mailbox_store; break;
        case action::method::expand_only: made->kind = to::expand_only; break;
        case action::method::forward_only: made->kind = to::forward_only; break;
        default: made->kind = to::local; break;
    }
    made->users = users_of(context, action);
    made->reads_forward = !action.user && action.by != action::method::expand_only;
    const auto expand = [&](const std::optional<table_use>& table, rules::action::expansion kind, std::string_view word,
                            table::row_judge judge) {
        if (!table) return;
        const loaded_table* const found = context.tables.find_map(*table, word);
        if (found == nullptr) return;
        doubt_rows(context, *found, judge);
        made->expand = kind;
        made->expand_with = found->get();
    };
    expand(action.alias, rules::action::expansion::alias, "alias", &table::alias::fault_of);
    expand(action.virtual_users, rules::action::expansion::virtual_users, "virtual", &table::virtual_alias::fault_of);
    return made;
}

const rules::action* find_action(load_context& context, const std::vector<std::unique_ptr<rules::action>>& actions,
                                 const located_string& name) {
    for (const auto& one : actions) {
        if (one->name == name.text) return one.get();
    }
    const std::string shown = base::printable(name.text, 64);
    std::string hint = did_you_mean(name.text, names_of(context.model.actions));
    if (hint.empty()) hint = "define it: action \"" + shown + "\" relay, or maildir";
    context.faults.fault(name.location, "there is no action \"" + shown + "\"", std::move(hint));
    return nullptr;
}

/// Anybody to anywhere, with no other condition, and reachable by others than this machine.
bool is_open_relay(const load_context& context, const rules::rule& rule) {
    if (rule.outcome == nullptr) return false;
    const auto by = rule.outcome->kind;
    if (by != rules::action::method::relay_host && by != rules::action::method::relay_by_domain) return false;
    const bool anybody_anywhere =
        std::all_of(rule.conditions.begin(), rule.conditions.end(), [](const rules::condition& one) {
            return !one.negated && (one.tested == subject::from_any || one.tested == subject::for_any);
        });
    const auto& listeners = context.result.inbound.listeners;
    return anybody_anywhere && std::any_of(listeners.begin(), listeners.end(), [](const auto& entry) {
               return entry.endpoint && !entry.endpoint->ip.is_loopback() &&
                      entry.protocol.auth != smtp::requirement::required;
           });
}

}  // namespace

void load_rules(load_context& context) {
    std::vector<std::unique_ptr<rules::action>> actions;
    actions.reserve(context.model.actions.size());
    for (const action& one : context.model.actions) actions.push_back(load_action(context, one));
    std::vector<rules::rule> made;
    for (const rule& one : context.model.rules) {
        rules::rule& added = made.emplace_back();
        added.conditions.reserve(one.conditions.size());
        added.line = {one.location.file, one.location.line};
        added.authenticated_pass_source = one.authenticated_pass_source;
        for (const condition& each : one.conditions) added.conditions.push_back(load_condition(context, each));
        if (one.action) added.outcome = find_action(context, actions, *one.action);
        if (is_open_relay(context, added)) {
            context.faults.warn(one.location, "this rule relays mail of anybody to anywhere: an open relay",
                                "write from local, from src <networks> or auth");
        }
    }
    if (made.empty()) {
        context.faults.fault({context.model.file, 0, 0}, "no rules, nothing to do",
                             "write at least an action and a match line: match for local action NAME");
    }
    if (context.faults.any_fault()) return;  // an incomplete rule is no rule
    context.result.rules =
        std::make_unique<rules::ruleset>(std::move(actions), std::move(made),
                                         rules::addressing{.local_names = {"localhost", context.result.host},
                                                           .tag_delimiter = context.model.delivery.tag_delimiter,
                                                           .srs = context.result.srs});
}

}  // namespace waypost::config
