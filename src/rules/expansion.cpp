#include "waypost/rules/expansion.hpp"

#include <optional>
#include <utility>

#include "statuses.hpp"
#include "sub_address.hpp"
#include "worklist.hpp"

namespace waypost::rules {

namespace {

constexpr std::size_t max_forward_nodes = 100;  // OpenSMTPD's

using user_info = table::userinfo::value;

bool are_same(const user_info& a, const user_info& b) {
    return a.name == b.name && a.uid == b.uid && a.gid == b.gid && a.home == b.home;
}

std::size_t count(node_texts texts) {
    std::size_t found = 0;
    while (texts.next()) ++found;
    return found;
}

/// The recipient as it was given, or to whom his address leads back: that it was made here makes the mail ours.
pending_node root(const ruleset& rules, const envelope_context& envelope_context) {
    const auto back = rules.srs() != nullptr
                          ? rules.srs()->reversed(envelope_context.recipient.local, envelope_context.time)
                          : std::nullopt;
    const mail::mailbox& to = back ? *back : envelope_context.recipient;
    return {.address = to, .user = to.local.value(), .list = {}, .made_here = back.has_value(), .words = {}};
}

/// Follows the pending nodes of the worklist, by asking.
class expansion {
public:
    expansion(const ruleset& rules, const envelope_context& envelope_context, user_files& files, expansion_trace* trace)
        : rules_(rules),
          facts_(envelope_context),
          files_(files),
          worklist_(root(rules, envelope_context), rules.tag_delimiter(), trace) {}

    async::awaitable<resolution> run() {
        while (auto next = worklist_.next()) co_await follow(std::move(*next));
        co_return worklist_.take();
    }

private:
    async::awaitable<> follow(pending_node parent) {
        if (!parent.list.empty()) co_return co_await follow_list(parent);
        if (parent.rule == nullptr && !co_await find_rule(parent)) co_return;
        if (!parent.ends && co_await follow_table(parent)) co_return;
        co_await arrive(parent);
    }

    async::awaitable<> follow_list(const pending_node& parent) {
        std::optional<user_info> reader;
        if (parent.words.is_forwarder) reader = *parent.words.forwarder;
        const auto text = co_await files_.list(parent.list, std::move(reader));
        if (text.has_error()) co_return worklist_.fails(parent, could_not_ask(), text.error());
        worklist_.trace().became(parent, "list");
        worklist_.expand(parent, node_texts(*text, node_texts::kind::file), parent.words);
    }

    async::awaitable<bool> find_rule(pending_node& parent) {
        const envelope_context& about = parent.made_here ? as_made_here(parent.address) : facts_;
        const auto matched = co_await rules_.match(about, worklist_.trace().conditions());
        if (matched.has_value()) worklist_.trace().answered(parent, *matched);
        if (matched.has_error()) {
            worklist_.fails(parent, could_not_ask(), matched.error());
        } else if (*matched == nullptr) {
            worklist_.fails(parent, no_rule(rules_.is_local_domain(parent.address.host.text())));
        } else if ((*matched)->outcome == nullptr) {
            worklist_.fails(parent, rejected());
        } else {
            parent.rule = *matched;
            worklist_.trace().matched(parent);
            co_return true;
        }
        co_return false;
    }

    /// Whether that was all for this branch.
    async::awaitable<bool> follow_table(const pending_node& parent) {
        const action& by = *parent.rule->outcome;
        if (by.expand == action::expansion::none) co_return false;
        const bool is_virtual = by.expand == action::expansion::virtual_users;
        const char tag = rules_.tag_delimiter();
        auto asked = is_virtual ? table::find(table::virtual_alias{tag}, *by.expand_with, parent.address.text())
                                : table::find(table::alias{tag}, *by.expand_with, parent.user);
        const auto row = co_await std::move(asked);
        if (row.has_error()) {
            worklist_.fails(parent, could_not_ask(), row.error());
        } else if (row->has_value()) {
            const author administrator{.forwarder = parent.words.forwarder, .is_forwarder = false};
            worklist_.trace().became(parent, is_virtual ? "virtual address" : "alias");
            worklist_.expand(parent, node_texts(**row, node_texts::kind::row), administrator);
        } else if (is_virtual) {
            // OpenSMTPD answers 524 here. An address that is not in the list of all addresses is an unknown user to
            // everybody else, and senders' list managers act upon 5.1.1.
            worklist_.fails(parent, unknown_user());
        } else {
            co_return false;
        }
        co_return true;
    }

    /// At a relay, or at a user who has to be there.
    async::awaitable<> arrive(const pending_node& parent) {
        const action& by = *parent.rule->outcome;
        if (by.is_relay()) co_return relay(parent);
        const mail::status missing = by.kind == action::method::expand_only ? not_expanded() : unknown_user();
        const std::string name = split_tag(parent.user, rules_.tag_delimiter()).user;
        if (by.users == nullptr || !is_user_name(name)) co_return worklist_.fails(parent, missing);
        const auto known = co_await table::find<table::userinfo>(*by.users, name);
        if (known.has_error()) co_return worklist_.fails(parent, could_not_ask(), known.error());
        if (!known->has_value()) co_return worklist_.fails(parent, missing);
        co_await arrive_at(parent, **known);
    }

    async::awaitable<> arrive_at(const pending_node& parent, const user_info& user) {
        const action& by = *parent.rule->outcome;
        const auto& forwarder = parent.words.forwarder;
        const bool comes_back = forwarder != nullptr && are_same(*forwarder, user);
        const bool asks = by.reads_forward || by.kind == action::method::forward_only;
        if (asks && !comes_back && co_await follow_forward(parent, user)) co_return;
        if (by.kind == action::method::forward_only) co_return worklist_.fails(parent, no_forward());
        if (by.kind == action::method::expand_only) co_return worklist_.fails(parent, not_expanded());
        worklist_.ends(parent, {.action = &by,
                                .recipient = parent.address,
                                .user = user.name,
                                .extension = split_tag(parent.user, rules_.tag_delimiter()).tag,
                                .target = {},
                                .because = parent.rule});
    }

    /// Whether that was all for this branch. A .forward that says nothing is none.
    async::awaitable<bool> follow_forward(const pending_node& parent, const user_info& user) {
        const auto text = co_await files_.forward_of(user);
        if (text.has_error()) {
            worklist_.fails(parent, could_not_ask(), text.error());
            co_return true;
        }
        const node_texts nodes(text->has_value() ? **text : std::string_view(), node_texts::kind::file);
        const std::size_t number = count(nodes);
        if (number == 0) co_return false;
        worklist_.trace().became(parent, "~/.forward");
        if (number > max_forward_nodes) {
            worklist_.fails(parent, forward_too_large());
        } else {
            worklist_.expand(parent, nodes, {.forwarder = std::make_shared<user_info>(user), .is_forwarder = true});
        }
        co_return true;
    }

    void relay(const pending_node& parent) {
        mail::mailbox to = parent.address;
        if (parent.user != to.local.value()) {
            // A user name out of an alias: at the domain that the alias was asked for.
            auto local = mail::local_part::parse(parent.user);
            if (!local) return worklist_.fails(parent, unreadable());
            to.local = std::move(*local);
        }
        worklist_.ends(parent, {.action = parent.rule->outcome,
                                .recipient = std::move(to),
                                .user = {},
                                .extension = {},
                                .target = {},
                                .because = parent.rule});
    }

    const envelope_context& as_made_here(const mail::mailbox& recipient) {
        if (!made_here_) {
            made_here_ = facts_;
            made_here_->origin = made_here{};
        }
        made_here_->recipient = recipient;
        return *made_here_;
    }

    const ruleset& rules_;
    const envelope_context& facts_;
    user_files& files_;
    worklist worklist_;
    std::optional<envelope_context> made_here_;
};

}  // namespace

async::awaitable<resolution> resolve(const ruleset& rules, const envelope_context& envelope_context, user_files& files,
                                     expansion_trace* trace) {
    expansion one(rules, envelope_context, files, trace);
    co_return co_await one.run();
}

}  // namespace waypost::rules
