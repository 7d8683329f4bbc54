// Actions that deliver on this machine.
#include "loading.hpp"
#include "nearest.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/mail/relay_url.hpp"
#include "waypost/table/getpwnam_table.hpp"
#include "waypost/table/services.hpp"
#include "waypost/table/static_table.hpp"

namespace waypost::config {
namespace {

table::table* system_users(loading& now) {
    if (now.system_users == nullptr) {
        now.to.tables.push_back(std::make_unique<table::getpwnam_table>(now.io));
        now.system_users = now.to.tables.back().get();
    }
    return now.system_users;
}

/// What was parsed, or a fault at its place.
template <class Parsed>
std::optional<Parsed> good_or_fault(loading& now, const location& where,
                                    std::variant<Parsed, delivery::format_fault> parsed) {
    if (auto* wrong = std::get_if<delivery::format_fault>(&parsed)) {
        now.faults.fault(where, std::move(wrong->what), std::move(wrong->instead));
        return std::nullopt;
    }
    return std::get<Parsed>(std::move(parsed));
}

std::optional<delivery::command> load_command(loading& now, const action& of) {
    auto made = good_or_fault(now, of.command.where, delivery::command::parse(of.command.text));
    if (!of.wrapper) return made;
    const auto outer = now.wrappers.find(of.wrapper->text);
    if (outer == now.wrappers.end()) {
        const std::string shown = base::printable(of.wrapper->text, 64);
        std::string instead = did_you_mean(of.wrapper->text, names_of(now.from.wrappers));
        if (instead.empty()) instead = "define it: mda wrapper \"" + shown + "\" \"command %{mda}\"";
        now.faults.fault(of.wrapper->where, "there is no wrapper \"" + shown + "\"", std::move(instead));
        return std::nullopt;
    }
    if (!made || !outer->second) return std::nullopt;
    return made->wrapped_in(*outer->second);
}

delivery::action_settings::method same(action::method by) {
    using to = delivery::action_settings::method;
    switch (by) {
        case action::method::mbox: return to::mbox;
        case action::method::maildir: return to::maildir;
        case action::method::mda: return to::command;
        default: return to::only_targets;
    }
}

/// "~/" is the home of the recipient; whose home "~name" would be, nobody looks up.
std::optional<delivery::format> load_maildir(loading& now, const written& path) {
    if (path.text.starts_with('~') && !path.text.starts_with("~/")) {
        now.faults.fault(path.where, "\"" + base::printable(path.text, 64) + "\" is in the home of somebody else",
                         "write ~/" + base::printable(path.text.substr(1), 64) +
                             " for the recipient's own, or a path that begins with /");
        return std::nullopt;
    }
    return good_or_fault(now, path.where, delivery::format::parse(path.text));
}

/// The URL of a server that speaks LMTP, out of what is written behind "lmtp".
std::string lmtp_url(const std::string& destination) {
    if (base::istarts_with(destination, "lmtp:")) return destination;
    return "lmtp://" + destination;  // a path begins with the third slash
}

}  // namespace

void load_wrappers(loading& now) {
    for (const wrapper_definition& one : now.from.wrappers) {
        now.wrappers[one.name] = good_or_fault(now, one.command.where, delivery::wrapper::parse(one.command.text));
    }
}

table::table* users_of(loading& now, const action& of) {
    if (!of.userbase) return system_users(now);
    const shelved* const own = now.tables.find_map(*of.userbase, "userbase");
    return own != nullptr ? own->get() : nullptr;
}

void load_local_action(loading& now, const action& of) {
    if (of.userbase) {
        const shelved* const own = now.tables.find_map(*of.userbase, "userbase");
        if (own != nullptr) check_rows(now, *own, &table::userinfo::fault_of);
    }
    if (of.by == action::method::lmtp) return;
    delivery::action_settings made;
    made.name = of.name;
    made.by = same(of.by);
    if (!of.path.text.empty()) made.maildir = load_maildir(now, of.path);
    made.junk = of.junk;
    if (of.by == action::method::mda) made.mda = load_command(now, of);
    if (of.user) {
        made.user = of.user->text;
        made.system_users = system_users(now);
    }
    made.users = users_of(now, of);
    now.to.delivery.actions.insert_or_assign(of.name, std::move(made));
}

relay::action_settings lmtp_settings(loading& now, const action& of) {
    relay::action_settings made;
    made.name = of.name;
    made.lmtp_user_only = !of.rcpt_to;
    const std::string url = lmtp_url(of.lmtp.text);
    const auto parsed = mail::parse_relay_url(url);
    const auto* const good = std::get_if<mail::relay_url>(&parsed);
    if (good == nullptr || !good->label.empty()) {
        now.faults.fault(of.lmtp.where, "\"" + base::printable(of.lmtp.text, 64) + "\" is no server that speaks LMTP",
                         "write lmtp \"localhost:24\" or lmtp \"/run/dovecot/lmtp\"");
        return made;
    }
    table::entries rows;
    rows.rows.emplace_back(good->text(), "");
    now.to.tables.push_back(std::make_unique<table::static_table>("lmtp", rows));
    made.hosts = now.to.tables.back().get();
    return made;
}

}  // namespace waypost::config
