#include "frontier.hpp"

#include <variant>

#include "statuses.hpp"
#include "sub_address.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::rules {

namespace {

constexpr unsigned root_uid = 0;

/// Whether this kind of node may stand there. Of forward-only only addresses come out; root's own words start nothing
/// and write nothing but his mailbox.
bool may_say(const author& words, const node& what, action::method by) {
    if (std::holds_alternative<target_node>(what)) {
        const bool is_root = words.is_forwarder && words.forwarder->uid == root_uid;
        return !is_root && (by == action::method::local || by == action::method::expand_only);
    }
    if (!words.is_forwarder || by != action::method::forward_only) return true;
    return std::holds_alternative<address_node>(what) || std::holds_alternative<list_node>(what);
}

}  // namespace

frontier::frontier(branch trunk, char tag_delimiter, expansion_trace* told)
    : tag_delimiter_(tag_delimiter), told_(told) {
    trunk.step = told_.add(trunk, trunk.address.text());
    todo_.push_back(std::move(trunk));
}

std::optional<branch> frontier::next() {
    if (todo_.empty() || verdict_.is_final()) return std::nullopt;
    std::optional<branch> first(std::move(todo_.front()));
    todo_.pop_front();
    return first;
}

void frontier::forks(const branch& from, node_texts texts, const author& by) {
    if (from.depth == max_depth) return fails(from, looped());
    bool is_empty = true;
    while (const auto text = texts.next()) {
        is_empty = false;
        // Counted as they are read, so that a row of a million equal names costs no more than one of too many others.
        if (++nodes_ > max_nodes) {
            fails(from, too_large());
            return verdict_.whole_failed(too_large());
        }
        branch next = from;
        next.list.clear();
        next.words = by;
        ++next.depth;
        grow(from, std::move(next), *text);
        if (verdict_.is_final()) return;
    }
    if (is_empty) fails(from, empty());
}

void frontier::ends(const branch& from, destination at) {
    told_.ends(from, at, tag_delimiter_);
    if (!verdict_.add(std::move(at))) told_.became(from, "a copy goes there already");
}

void frontier::fails(const branch& from, const mail::status& why, const base::error_code& detail) {
    told_.failed(from, why, detail);
    verdict_.branch_failed(why);
}

void frontier::grow(const branch& from, branch next, std::string_view text) {
    next.step = told_.add(from, text);
    node parsed = parse_node(text);
    if (!may_say(next.words, parsed, next.by->then->by)) return fails(next, not_allowed());
    std::visit([&](auto& one) { take(from, std::move(next), one); }, parsed);
}

void frontier::take(const branch& from, branch next, user_node& user) {
    const sub_address before = split_tag(from.user, tag_delimiter_);
    const sub_address now = split_tag(user.name, tag_delimiter_);
    const bool is_same = before.user == now.user;
    // Only aliases are looked up by name; a user of a virtual domain is looked for nowhere else.
    next.ends = is_same || from.by->then->expand == action::expansion::virtual_users;
    // Who names himself without a tag means the place that was asked for.
    if (!is_same || !now.tag.empty()) next.user = std::move(user.name);
    add(std::move(next));
}

void frontier::take(const branch& from, branch next, address_node& address) {
    // Not where an alias led elsewhere since: the address has to be looked up again to come back.
    const bool is_there = from.user == from.address.local.value();
    next.ends = is_there && base::iequals(address.to.text(), from.address.text());
    next.user = address.to.local.value();
    next.address = std::move(address.to);
    next.by = nullptr;
    next.made_here = true;
    add(std::move(next));
}

void frontier::take(const branch&, branch next, list_node& list) {
    next.list = std::move(list.path);
    add(std::move(next));
}

void frontier::take(const branch&, branch next, target_node& what) {
    ends(next, {.by = next.by->then,
                .to = next.address,
                .user = next.words.is_forwarder ? next.words.forwarder->name : std::string(),
                .extension = split_tag(next.user, tag_delimiter_).tag,
                .target = std::move(what.target),
                .because = next.by});
}

void frontier::take(const branch&, branch next, error_node& error) { fails(next, error.said); }
void frontier::take(const branch&, branch next, unreadable_node&) { fails(next, unreadable()); }

void frontier::add(branch next) {
    if (!seen_.emplace(next.by, name_of(next)).second) return told_.became(next, "already followed");
    todo_.push_back(std::move(next));
}

}  // namespace waypost::rules
