#include "waypost/rules/expansion.hpp"

#include <optional>
#include <utility>

#include "frontier.hpp"
#include "statuses.hpp"
#include "sub_address.hpp"

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
branch trunk(const ruleset& rules, const facts& about) {
    const auto back = rules.srs() != nullptr ? rules.srs()->reversed(about.recipient.local, about.at) : std::nullopt;
    const mail::mailbox& to = back ? *back : about.recipient;
    return {.address = to, .user = to.local.value(), .list = {}, .made_here = back.has_value(), .words = {}};
}

/// Follows the branches of the frontier, by asking.
class expansion {
public:
    expansion(const ruleset& rules, const facts& about, user_files& files, expansion_trace* told)
        : rules_(rules), about_(about), files_(files), frontier_(trunk(rules, about), rules.tag_delimiter(), told) {}

    async::awaitable<resolution> run() {
        while (auto next = frontier_.next()) co_await follow(std::move(*next));
        co_return frontier_.take();
    }

private:
    async::awaitable<> follow(branch from) {
        if (!from.list.empty()) co_return co_await follow_list(from);
        if (from.by == nullptr && !co_await find_rule(from)) co_return;
        if (!from.ends && co_await follow_table(from)) co_return;
        co_await arrive(from);
    }

    async::awaitable<> follow_list(const branch& from) {
        std::optional<user_info> reader;
        if (from.words.is_forwarder) reader = *from.words.forwarder;
        const auto text = co_await files_.list(from.list, std::move(reader));
        if (text.has_error()) co_return frontier_.fails(from, could_not_ask(), text.error());
        frontier_.told().became(from, "list");
        frontier_.forks(from, node_texts(*text, node_texts::kind::file), from.words);
    }

    async::awaitable<bool> find_rule(branch& from) {
        const facts& about = from.made_here ? as_made_here(from.address) : about_;
        const auto matched = co_await rules_.match(about, frontier_.told().conditions());
        if (matched.has_value()) frontier_.told().answered(from, *matched);
        if (matched.has_error()) {
            frontier_.fails(from, could_not_ask(), matched.error());
        } else if (*matched == nullptr) {
            frontier_.fails(from, no_rule(rules_.is_local_domain(from.address.host.text())));
        } else if ((*matched)->then == nullptr) {
            frontier_.fails(from, rejected());
        } else {
            from.by = *matched;
            frontier_.told().matched(from);
            co_return true;
        }
        co_return false;
    }

    /// Whether that was all for this branch.
    async::awaitable<bool> follow_table(const branch& from) {
        const action& by = *from.by->then;
        if (by.expand == action::expansion::none) co_return false;
        const bool is_virtual = by.expand == action::expansion::virtual_users;
        const char tag = rules_.tag_delimiter();
        auto asked = is_virtual ? table::find(table::virtual_alias{tag}, *by.expand_with, from.address.text())
                                : table::find(table::alias{tag}, *by.expand_with, from.user);
        const auto row = co_await std::move(asked);
        if (row.has_error()) {
            frontier_.fails(from, could_not_ask(), row.error());
        } else if (row->has_value()) {
            const author administrator{.forwarder = from.words.forwarder, .is_forwarder = false};
            frontier_.told().became(from, is_virtual ? "virtual address" : "alias");
            frontier_.forks(from, node_texts(**row, node_texts::kind::row), administrator);
        } else if (is_virtual) {
            // OpenSMTPD answers 524 here. An address that is not in the list of all addresses is an unknown user to
            // everybody else, and senders' list managers act upon 5.1.1.
            frontier_.fails(from, unknown_user());
        } else {
            co_return false;
        }
        co_return true;
    }

    /// At a relay, or at a user who has to be there.
    async::awaitable<> arrive(const branch& from) {
        const action& by = *from.by->then;
        if (by.is_relay()) co_return relay(from);
        const mail::status missing = by.by == action::method::expand_only ? not_expanded() : unknown_user();
        const std::string name = split_tag(from.user, rules_.tag_delimiter()).user;
        if (by.users == nullptr || !is_user_name(name)) co_return frontier_.fails(from, missing);
        const auto known = co_await table::find<table::userinfo>(*by.users, name);
        if (known.has_error()) co_return frontier_.fails(from, could_not_ask(), known.error());
        if (!known->has_value()) co_return frontier_.fails(from, missing);
        co_await arrive_at(from, **known);
    }

    async::awaitable<> arrive_at(const branch& from, const user_info& user) {
        const action& by = *from.by->then;
        const auto& forwarder = from.words.forwarder;
        const bool comes_back = forwarder != nullptr && are_same(*forwarder, user);
        const bool asks = by.reads_forward || by.by == action::method::forward_only;
        if (asks && !comes_back && co_await follow_forward(from, user)) co_return;
        if (by.by == action::method::forward_only) co_return frontier_.fails(from, no_forward());
        if (by.by == action::method::expand_only) co_return frontier_.fails(from, not_expanded());
        frontier_.ends(from, {.by = &by,
                              .to = from.address,
                              .user = user.name,
                              .extension = split_tag(from.user, rules_.tag_delimiter()).tag,
                              .target = {},
                              .because = from.by});
    }

    /// Whether that was all for this branch. A .forward that says nothing is none.
    async::awaitable<bool> follow_forward(const branch& from, const user_info& user) {
        const auto text = co_await files_.forward_of(user);
        if (text.has_error()) {
            frontier_.fails(from, could_not_ask(), text.error());
            co_return true;
        }
        const node_texts nodes(text->has_value() ? **text : std::string_view(), node_texts::kind::file);
        const std::size_t number = count(nodes);
        if (number == 0) co_return false;
        frontier_.told().became(from, "~/.forward");
        if (number > max_forward_nodes) {
            frontier_.fails(from, forward_too_large());
        } else {
            frontier_.forks(from, nodes, {.forwarder = std::make_shared<user_info>(user), .is_forwarder = true});
        }
        co_return true;
    }

    void relay(const branch& from) {
        mail::mailbox to = from.address;
        if (from.user != to.local.value()) {
            // A user name out of an alias: at the domain that the alias was asked for.
            auto local = mail::local_part::parse(from.user);
            if (!local) return frontier_.fails(from, unreadable());
            to.local = std::move(*local);
        }
        frontier_.ends(
            from,
            {.by = from.by->then, .to = std::move(to), .user = {}, .extension = {}, .target = {}, .because = from.by});
    }

    const facts& as_made_here(const mail::mailbox& to) {
        if (!made_here_) {
            made_here_ = about_;
            made_here_->from = made_here{};
        }
        made_here_->recipient = to;
        return *made_here_;
    }

    const ruleset& rules_;
    const facts& about_;
    user_files& files_;
    frontier frontier_;
    std::optional<facts> made_here_;
};

}  // namespace

async::awaitable<resolution> resolve(const ruleset& rules, const facts& about, user_files& files,
                                     expansion_trace* told) {
    expansion one(rules, about, files, told);
    co_return co_await one.run();
}

}  // namespace waypost::rules
