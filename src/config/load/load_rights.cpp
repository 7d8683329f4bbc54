// Whether the daemon may deliver as those whom its rules deliver to. Only root can become another user; without root
// all mail is the daemon's own user's, and a rule that needs more is worth a warning before mail waits in the queue.
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "load_context.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/table/services.hpp"

namespace waypost::config {
namespace {

constexpr std::size_t most_named = 3;

/// A row of a user base.
struct known_user {
    std::string name;
    unsigned uid = 0;
};

/// The users of a table whose rows are known.
std::vector<known_user> users_in(load_context& context, const table_use& base) {
    std::vector<known_user> all;
    const loaded_table* const rows = context.tables.find(base);
    if (rows == nullptr) return all;
    for (const auto& [name, value] : rows->content().rows) {
        const auto parsed = table::userinfo::parse(name, value);
        if (parsed.has_value()) all.push_back({name, parsed->uid});
    }
    return all;
}

struct nobody {
    friend bool operator==(nobody, nobody) = default;
};
struct unknown {  // could not be asked
    friend bool operator==(unknown, unknown) = default;
};
using uid_answer = std::variant<unsigned, nobody, unknown>;

uid_answer uid_in_system(const std::string& name) {
    std::array<char, 16384> space{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(name.c_str(), &entry, space.data(), space.size(), &found) != 0) return unknown();
    if (found == nullptr) return nobody();
    return entry.pw_uid;
}

/// The uid that `user NAME` means.
uid_answer uid_of(load_context& context, const action& action, const std::string& name) {
    if (action.userbase) {
        const loaded_table* const rows = context.tables.find(*action.userbase);
        if (rows == nullptr || !rows->knows_rows()) return unknown();
        for (const known_user& one : users_in(context, *action.userbase)) {
            if (base::iequals(one.name, name)) return one.uid;
        }
    }
    return uid_in_system(name);
}

/// All that the virtual users of an action become is this user.
bool ends_at(load_context& context, const action& action, const std::string& user) {
    if (!action.virtual_users || user.empty()) return false;
    const loaded_table* const rows = context.tables.find(*action.virtual_users);
    return rows != nullptr && rows->knows_rows() && !rows->content().rows.empty() &&
           std::ranges::all_of(rows->content().rows,
                               [&](const auto& row) { return base::iequals(base::trim(row.second), user); });
}

std::string in_quotes(const std::string& name) { return "\"" + base::printable(name, 64) + "\""; }

std::string own_name(const identity& identity) {
    return identity.name.empty() ? "uid " + std::to_string(identity.uid) : in_quotes(identity.name);
}

/// What keeps an action from delivering, without root; nothing if nothing does.
std::optional<std::string> limit_without_root(load_context& context, const action& target) {
    const std::string only =
        "without root only mail of " + own_name(context.identity) + " can be delivered, and this rule's ";
    if (target.user) {
        if (uid_of(context, target, target.user->text) == uid_answer(context.identity.uid)) return std::nullopt;
        return only + "action delivers as " + in_quotes(target.user->text) + ": its mail will wait";
    }
    if (!target.userbase) {
        if (ends_at(context, target, context.identity.name)) return std::nullopt;
        return only + "action takes mail for all users of the system: theirs will wait";
    }
    std::string others;
    std::size_t count = 0;
    for (const known_user& one : users_in(context, *target.userbase)) {
        if (one.uid == context.identity.uid) continue;
        if (++count <= most_named) others += (others.empty() ? "" : ", ") + in_quotes(one.name);
    }
    if (count == 0) return std::nullopt;
    if (count > most_named) others += " and " + std::to_string(count - most_named) + " more";
    return only + "action takes mail for others: that of " + others + " will wait";
}

/// Commands are never run as root.
void check_commands_of_root(load_context& context, const action& target, const location& location) {
    if (target.by != action::method::mda) return;
    const auto warn = [&](const std::string& name) {
        context.faults.warn(location, "no command is run as root: mail of " + in_quotes(name) + " will wait",
                            "give the action another user, or the user another uid");
    };
    if (target.user) {
        if (uid_of(context, target, target.user->text) == uid_answer(0U)) warn(target.user->text);
        return;
    }
    if (!target.userbase) return;
    for (const known_user& one : users_in(context, *target.userbase)) {
        if (one.uid == 0) warn(one.name);
    }
}

/// Not a fault: he may be there tomorrow, and the mail waits for him.
void check_user(load_context& context, const action& target) {
    if (!target.user || !std::holds_alternative<nobody>(uid_of(context, target, target.user->text))) return;
    context.faults.warn(target.user->location,
                        "there is no user " + in_quotes(target.user->text) + ": mail will wait for him",
                        "write the name of a user of this system or of the action's userbase");
}

}  // namespace

identity identity::of_this_process() {
    const uid_t uid = ::geteuid();
    std::array<char, 16384> space{};
    passwd entry{};
    passwd* found = nullptr;
    const bool known = ::getpwuid_r(uid, &entry, space.data(), space.size(), &found) == 0 && found != nullptr;
    return {.uid = uid, .name = known ? entry.pw_name : ""};
}

void check_rights(load_context& context) {
    for (const action& one : context.model.actions) {
        check_user(context, one);
        using method = action::method;
        if (one.by == method::relay || one.by == method::lmtp || one.by == method::expand_only) continue;
        // Once for the first of its rules: a long list of the same would hide the rest.
        const auto first = std::ranges::find_if(
            context.model.rules, [&](const rule& rule) { return rule.action && rule.action->text == one.name; });
        if (first == context.model.rules.end()) continue;
        if (context.identity.uid == 0) {
            check_commands_of_root(context, one, first->location);
        } else if (auto limit = limit_without_root(context, one)) {
            const bool has_options = one.by != method::mbox && one.by != method::forward_only &&
                                     !first->authenticated_pass_source && !context.identity.name.empty();
            context.faults.warn(
                first->location, std::move(*limit),
                "start waypost as root" +
                    (has_options ? ", or write user " + base::printable(context.identity.name) : std::string()));
        }
    }
}

}  // namespace waypost::config
