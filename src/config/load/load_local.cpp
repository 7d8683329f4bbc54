// Actions that deliver on this machine.
#include "load_context.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/config/syntax/words.hpp"
#include "waypost/mail/relay_url.hpp"
#include "waypost/table/getpwnam_table.hpp"
#include "waypost/table/services.hpp"
#include "waypost/table/static_table.hpp"

namespace waypost::config {
namespace {

table::table* system_users(load_context& context) {
    if (context.system_users == nullptr) {
        context.result.tables.push_back(std::make_unique<table::getpwnam_table>(context.io));
        context.system_users = context.result.tables.back().get();
    }
    return context.system_users;
}

/// What was parsed, or a fault at its place.
template <class Parsed>
std::optional<Parsed> good_or_fault(load_context& context, const location& location,
                                    std::variant<Parsed, delivery::format_fault> parsed) {
    if (auto* wrong = std::get_if<delivery::format_fault>(&parsed)) {
        context.faults.fault(location, std::move(wrong->text), std::move(wrong->hint));
        return std::nullopt;
    }
    return std::get<Parsed>(std::move(parsed));
}

std::optional<delivery::command> load_command(load_context& context, const action& action) {
    auto made = good_or_fault(context, action.command.location, delivery::command::parse(action.command.text));
    if (!action.wrapper) return made;
    const auto outer = context.wrappers.find(action.wrapper->text);
    if (outer == context.wrappers.end()) {
        const std::string shown = base::printable(action.wrapper->text, 64);
        std::string hint = did_you_mean(action.wrapper->text, names_of(context.model.wrappers));
        if (hint.empty()) hint = "define it: mda wrapper \"" + shown + "\" \"command %{mda}\"";
        context.faults.fault(action.wrapper->location, "there is no wrapper \"" + shown + "\"", std::move(hint));
        return std::nullopt;
    }
    if (!made || !outer->second) return std::nullopt;
    return made->wrapped_in(*outer->second);
}

/// "~/" is the home of the recipient; whose home "~name" would be, nobody looks up.
std::optional<delivery::format> load_maildir(load_context& context, const located_string& path) {
    if (path.text.starts_with('~') && !path.text.starts_with("~/")) {
        context.faults.fault(path.location,
                             "\"" + base::printable(path.text, 64) + "\" is in the home of somebody else",
                             "write ~/" + base::printable(path.text.substr(1), 64) +
                                 " for the recipient's own, or a path that begins with /");
        return std::nullopt;
    }
    return good_or_fault(context, path.location, delivery::format::parse(path.text));
}

/// The URL of a server that speaks LMTP, out of what is written behind "lmtp".
std::string lmtp_url(const std::string& destination) {
    if (base::istarts_with(destination, "lmtp:")) return destination;
    return "lmtp://" + destination;  // a path begins with the third slash
}

}  // namespace

void load_wrappers(load_context& context) {
    for (const wrapper_definition& one : context.model.wrappers) {
        context.wrappers[one.name] =
            good_or_fault(context, one.command.location, delivery::wrapper::parse(one.command.text));
    }
}

table::table* users_of(load_context& context, const action& action) {
    if (!action.userbase) return system_users(context);
    const loaded_table* const own = context.tables.find_map(*action.userbase, "userbase");
    return own != nullptr ? own->get() : nullptr;
}

void load_local_action(load_context& context, const action& action) {
    if (action.userbase) {
        const loaded_table* const own = context.tables.find_map(*action.userbase, "userbase");
        if (own != nullptr) check_rows(context, *own, &table::userinfo::fault_of);
    }
    if (action.by == action::method::lmtp) return;
    delivery::action_settings made = action.local;
    made.name = action.name;
    if (!action.path.text.empty()) made.maildir = load_maildir(context, action.path);
    if (action.by == action::method::mda) made.mda = load_command(context, action);
    if (action.user) {
        made.user = action.user->text;
        made.system_users = system_users(context);
    }
    made.users = users_of(context, action);
    context.result.delivery.actions.insert_or_assign(action.name, std::move(made));
}

relay::action_settings lmtp_settings(load_context& context, const action& action) {
    relay::action_settings made;
    made.name = action.name;
    made.lmtp_user_only = !action.rcpt_to;
    const std::string url = lmtp_url(action.lmtp.text);
    const auto parsed = mail::parse_relay_url(url);
    const auto* const good = std::get_if<mail::relay_url>(&parsed);
    if (good == nullptr || !good->label.empty()) {
        context.faults.fault(action.lmtp.location,
                             "\"" + base::printable(action.lmtp.text, 64) + "\" is no server that speaks LMTP",
                             "write lmtp \"localhost:24\" or lmtp \"/run/dovecot/lmtp\"");
        return made;
    }
    table::entries rows;
    rows.rows.emplace_back(good->text(), "");
    context.result.tables.push_back(std::make_unique<table::static_table>("lmtp", rows));
    made.hosts = context.result.tables.back().get();
    return made;
}

}  // namespace waypost::config
