#include "worklist.hpp"

#include <variant>

#include "statuses.hpp"
#include "sub_address.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::rules {

namespace {

constexpr unsigned root_uid = 0;

/// Whether this kind of node may stand there. Of forward-only only addresses come out; root's own words start nothing
/// and write nothing but his mailbox.
bool may_say(const author& words, const node& node, action::method method) {
    if (std::holds_alternative<target_node>(node)) {
        const bool is_root = words.is_forwarder && words.forwarder->uid == root_uid;
        return !is_root && (method == action::method::local || method == action::method::expand_only);
    }
    if (!words.is_forwarder || method != action::method::forward_only) return true;
    return std::holds_alternative<address_node>(node) || std::holds_alternative<list_node>(node);
}

}  // namespace

worklist::worklist(pending_node root, char tag_delimiter, expansion_trace* trace)
    : tag_delimiter_(tag_delimiter), tracer_(trace) {
    root.step = tracer_.add(root, root.address.text());
    todo_.push_back(std::move(root));
}

std::optional<pending_node> worklist::next() {
    if (todo_.empty() || resolution_.is_final()) return std::nullopt;
    std::optional<pending_node> first(std::move(todo_.front()));
    todo_.pop_front();
    return first;
}

void worklist::expand(const pending_node& parent, node_texts texts, const author& author) {
    if (parent.depth == max_depth) return fails(parent, looped());
    bool is_empty = true;
    while (const auto text = texts.next()) {
        is_empty = false;
        // Counted as they are read, so that a row of a million equal names costs no more than one of too many others.
        if (++nodes_ > max_nodes) {
            fails(parent, too_large());
            return resolution_.whole_failed(too_large());
        }
        pending_node next = parent;
        next.list.clear();
        next.words = author;
        ++next.depth;
        add_node(parent, std::move(next), *text);
        if (resolution_.is_final()) return;
    }
    if (is_empty) fails(parent, empty());
}

void worklist::ends(const pending_node& parent, resolved_recipient resolved_recipient) {
    tracer_.ends(parent, resolved_recipient, tag_delimiter_);
    if (!resolution_.add(std::move(resolved_recipient))) tracer_.became(parent, "a copy goes there already");
}

void worklist::fails(const pending_node& parent, const mail::status& reason, const base::error_code& detail) {
    tracer_.failed(parent, reason, detail);
    resolution_.branch_failed(reason);
}

void worklist::add_node(const pending_node& parent, pending_node next, std::string_view text) {
    next.step = tracer_.add(parent, text);
    node parsed = parse_node(text);
    if (!may_say(next.words, parsed, next.rule->outcome->kind)) return fails(next, not_allowed());
    std::visit([&](auto& entry) { take(parent, std::move(next), entry); }, parsed);
}

void worklist::take(const pending_node& parent, pending_node next, user_node& user) {
    const sub_address before = split_tag(parent.user, tag_delimiter_);
    const sub_address now = split_tag(user.name, tag_delimiter_);
    const bool is_same = before.user == now.user;
    // Only aliases are looked up by name; a user of a virtual domain is looked for nowhere else.
    next.ends = is_same || parent.rule->outcome->expand == action::expansion::virtual_users;
    // Who names himself without a tag means the place that was asked for.
    if (!is_same || !now.tag.empty()) next.user = std::move(user.name);
    add(std::move(next));
}

void worklist::take(const pending_node& parent, pending_node next, address_node& address) {
    // Not where an alias led elsewhere since: the address has to be looked up again to come back.
    const bool is_there = parent.user == parent.address.local.value();
    next.ends = is_there && base::iequals(address.address.text(), parent.address.text());
    next.user = address.address.local.value();
    next.address = std::move(address.address);
    next.rule = nullptr;
    next.made_here = true;
    add(std::move(next));
}

void worklist::take(const pending_node&, pending_node next, list_node& list) {
    next.list = std::move(list.path);
    add(std::move(next));
}

void worklist::take(const pending_node&, pending_node next, target_node& node) {
    ends(next, {.action = next.rule->outcome,
                .recipient = next.address,
                .user = next.words.is_forwarder ? next.words.forwarder->name : std::string(),
                .extension = split_tag(next.user, tag_delimiter_).tag,
                .target = std::move(node.target),
                .because = next.rule});
}

void worklist::take(const pending_node&, pending_node next, error_node& error) { fails(next, error.status); }
void worklist::take(const pending_node&, pending_node next, unreadable_node&) { fails(next, unreadable()); }

void worklist::add(pending_node next) {
    if (!visited_.emplace(next.rule, name_of(next)).second) return tracer_.became(next, "already followed");
    todo_.push_back(std::move(next));
}

}  // namespace waypost::rules
