#include "waypost/rules/expansion.hpp"

#include <deque>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "node.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/overloaded.hpp"
#include "waypost/table/services.hpp"

namespace waypost::rules {

namespace {

constexpr unsigned max_depth = 10;         // OpenSMTPD's EXPAND_DEPTH
constexpr std::size_t max_nodes = 1000;    // of one recipient; a list larger than this wants a list manager
constexpr char tag_delimiter = '+';

using answer = std::variant<std::vector<destination>, mail::status>;

std::string without_tag(std::string_view user) {
    const std::size_t tag = user.find(tag_delimiter);
    return base::to_lower(tag == 0 ? user : user.substr(0, tag));
}

mail::status could_not_ask() { return mail::status::transient("4.3.0", "Temporary failure, try again later"); }
mail::status unknown_user() { return mail::status::permanent("5.1.1", "No such user here"); }
mail::status looped() { return mail::status::of(524, "5.4.6", "Mailing list expansion problem: a loop"); }

/// What is still to be expanded: an address whose rule is not known yet, or a user of the action of a rule that is.
struct branch {
    mail::mailbox address;
    std::string user;          // the local-part, or the name that an alias gave
    const rule* by = nullptr;  // null: ask the rules
    unsigned depth = 0;
    bool ends = false;  // expanded to itself: not looked up again
};

class expansion {
public:
    expansion(const ruleset& rules, const facts& about) : rules_(rules), about_(about) {}

    async::awaitable<answer> run() {
        todo_.push_back({.address = about_.recipient, .user = about_.recipient.local.value()});
        while (!todo_.empty()) {
            branch next = std::move(todo_.front());
            todo_.pop_front();
            co_await follow(std::move(next));
            if (whole_fails_) co_return std::move(*whole_fails_);
        }
        if (!found_.empty()) co_return std::move(found_);
        if (branch_failed_) co_return std::move(*branch_failed_);
        // Every branch came back to where another one had been.
        co_return looped();
    }

private:
    async::awaitable<> follow(branch from) {
        if (from.by == nullptr) {
            auto matched = co_await rules_.match(from.depth == 0 ? about_ : as_made_here(from.address));
            if (matched.has_error()) co_return fail(could_not_ask());
            from.by = *matched;
            if (from.by == nullptr) co_return fail(no_rule(from.address));
            if (from.by->then == nullptr) co_return fail(mail::status::permanent("5.7.1", "Rejected by policy"));
            if (!from.ends && from.by->then->expand == action::expansion::virtual_users) {
                co_return co_await expand_virtual(from);
            }
        }
        if (!from.ends && from.by->then->expand == action::expansion::alias) {
            auto row = co_await table::find<table::alias>(*from.by->then->expand_with, from.user);
            if (row.has_error()) co_return fail(could_not_ask());
            if (row->has_value()) co_return expand(from, **row);
        }
        co_await arrive(from);
    }

    async::awaitable<> expand_virtual(const branch& from) {
        auto row = co_await table::find<table::virtual_alias>(*from.by->then->expand_with, from.address.text());
        if (row.has_error()) co_return fail(could_not_ask());
        // OpenSMTPD answers 524 here. An address that is not in the list of all addresses is an unknown user to
        // everybody else, and senders' list managers act upon 5.1.1.
        if (!row->has_value()) co_return fail(unknown_user());
        expand(from, **row);
    }

    void expand(const branch& from, std::string_view row) {
        const std::vector<std::string> texts = split_nodes(row);
        if (texts.empty()) return fail(mail::status::of(524, "5.2.4", "Mailing list expansion problem: it is empty"));
        for (const std::string& text : texts) {
            node parsed = parse_node(text);
            std::visit(
                base::overloaded{
                    [&](user_node& user) {
                        // Only aliases are looked up by name; a user of a virtual domain is looked for nowhere else.
                        const bool is_virtual = from.by->then->expand == action::expansion::virtual_users;
                        const bool same = without_tag(user.name) == without_tag(from.user);
                        add({from.address, std::move(user.name), from.by, from.depth + 1, is_virtual || same});
                    },
                    [&](address_node& address) {
                        const bool same = base::iequals(address.to.text(), from.address.text());
                        std::string user = address.to.local.value();
                        add({std::move(address.to), std::move(user), nullptr, from.depth + 1, same});
                    },
                    [&](error_node& error) { fail(std::move(error.said)); },
                    [&](unsupported_node) {
                        fail(mail::status::transient("4.3.5", "Expansion not supported by this version"));
                    },
                    [&](unreadable_node) { fail(mail::status::transient("4.3.5", "Expansion cannot be understood")); },
                },
                parsed);
        }
    }

    void add(branch next) {
        if (next.depth > max_depth) return fail(looped());
        std::string place = next.address.text();
        if (next.by != nullptr) place += " " + base::to_lower(next.user);
        if (!seen_.emplace(next.by, next.ends, std::move(place)).second) return;
        if (seen_.size() > max_nodes) {
            whole_fails_ = mail::status::of(524, "5.2.4", "Mailing list expansion problem: it is too large");
        }
        todo_.push_back(std::move(next));
    }

    /// The end of a branch: a relay, or a user who has to be there.
    async::awaitable<> arrive(const branch& from) {
        const action& by = *from.by->then;
        if (by.by != action::method::local) co_return relay(from);
        const std::string user = without_tag(from.user);
        if (!is_user_name(user)) co_return fail(unknown_user());
        auto known = co_await table::find<table::userinfo>(*by.users, user);
        if (known.has_error()) co_return fail(could_not_ask());
        if (!known->has_value()) co_return fail(unknown_user());
        deliver({.by = &by, .to = from.address, .user = user, .because = from.by});
    }

    void relay(const branch& from) {
        if (from.user == from.address.local.value()) return deliver({.by = from.by->then, .to = from.address, .because = from.by});
        // A user name out of an alias: at the domain that the alias was asked for.
        auto local = mail::local_part::parse(from.user);
        if (!local) return fail(mail::status::transient("4.3.5", "Expansion cannot be understood"));
        deliver({.by = from.by->then, .to = {std::move(*local), from.address.host}, .because = from.by});
    }

    /// One copy for each mailbox, however many ways lead there.
    void deliver(destination to) {
        std::string place = to.user.empty() ? to.to.text() : to.user;
        if (delivered_.emplace(to.by, !to.user.empty(), std::move(place)).second) found_.push_back(std::move(to));
    }

    void fail(mail::status why) {
        if (!why.is_permanent()) {
            whole_fails_ = std::move(why);
        } else if (!branch_failed_) {
            branch_failed_ = std::move(why);
        }
    }

    mail::status no_rule(const mail::mailbox& to) const {
        return mail::status::permanent(
            "5.7.1", rules_.is_local_domain(to.host.text()) ? "Recipient not accepted here" : "Relaying denied");
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
    std::optional<facts> made_here_;
    std::deque<branch> todo_;
    std::set<std::tuple<const rule*, bool, std::string>> seen_;
    std::set<std::tuple<const action*, bool, std::string>> delivered_;
    std::vector<destination> found_;
    std::optional<mail::status> branch_failed_;  // the first that did
    std::optional<mail::status> whole_fails_;
};

}  // namespace

async::awaitable<answer> resolve(const ruleset& rules, const facts& about) {
    expansion one(rules, about);
    co_return co_await one.run();
}

}  // namespace waypost::rules
