#include "waypost/config/load/load.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "load_context.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/table/secret_reference.hpp"

namespace waypost::config {
namespace {

void load_resolvers(load_context& context) {
    for (const located_string& one : context.model.resolvers) {
        if (const auto at = dns::parse_server(one.text)) {
            context.result.dns.servers.push_back(*at);
        } else {
            context.faults.fault(one.location,
                                 "\"" + base::printable(one.text, 64) + "\" is no address of a DNS server",
                                 "write it like 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53");
        }
    }
}

/// What is set for a room as a whole; the rest of load() adds to it.
void load_rooms(load_context& context) {
    context.result.inbound = context.model.inbound;
    context.result.relay = context.model.relay;
    context.result.relay.max_deferred = context.model.queue.max_deferred;
    context.result.delivery = context.model.delivery;
    context.result.queue = context.model.queue;
    context.result.spool = context.model.spool;
    context.result.spool.directory = context.model.queue_path.text;
    const bool is_terminal = ::isatty(STDERR_FILENO) != 0;
    context.result.log.format =
        context.model.log_format.value_or(is_terminal ? observe::log_format::text : observe::log_format::json);
}

void load_host(load_context& context) {
    context.result.host =
        context.model.hostname ? mail::domain::parse(context.model.hostname->text)->text() : find_host_name();
    context.result.queue.host = context.result.relay.host = context.result.delivery.host = context.result.host;
}

base::secret load_key(load_context& context, const base::secret& password, const location& location) {
    if (password.empty()) return {};
    auto key =
        table::resolve_reference(password.reveal(), [](const char* name) -> const char* { return std::getenv(name); });
    if (const auto* none = std::get_if<table::no_secret>(&key)) {
        context.faults.fault(location, "no key of \"srs\": " + none->reason);
        return {};
    }
    return base::secret(std::get<std::string>(std::move(key)));
}

void load_srs(load_context& context) {
    if (!context.model.srs) return;
    const srs_definition& definition = *context.model.srs;
    mail::srs_settings settings = definition.settings;
    if (settings.key.empty()) {
        const location& place =
            settings.backup.empty() ? location{context.model.file, 0, 0} : definition.backup_location;
        context.faults.fault(place, "\"srs\" without a key", "write a line srs key \"a long secret\"");
    }
    settings.key = load_key(context, settings.key, definition.key_location);
    settings.backup = load_key(context, settings.backup, definition.backup_location);
    context.result.srs = std::make_shared<const mail::srs>(std::move(settings));
}

/// Until there is a log.
void warn_of_table(std::string_view table, std::string_view text) {
    std::cerr << "table " << base::printable(table) << ": " << base::printable(text) << '\n';
}

}  // namespace

load_result load(const model& model, async::thread_pool& io, bool for_serving, const identity& identity) {
    fault_list faults;
    auto whole = std::make_shared<generation>();
    generation& made = *whole;
    made.clock = std::make_unique<async::real_clock>();
    made.context = std::make_unique<table::dependencies>(table::dependencies{io, *made.clock, &warn_of_table});
    table_registry tables(model, made, faults);
    load_context context{model, io, for_serving, faults, made, tables, identity};
    check_paths(context);
    load_rooms(context);
    load_host(context);
    load_resolvers(context);
    load_srs(context);
    load_listeners(context);
    for (const inbound::listener_settings& each : made.inbound.listeners) {
        if (each.endpoint) made.relay.listeners.push_back(*each.endpoint);
    }
    load_wrappers(context);
    load_actions(context);
    load_rules(context);
    made.inbound.rules = made.rules.get();
    check_rights(context);
    tables.warn_of_unused();

    load_result answer;
    if (!faults.any_fault()) answer.settings = std::move(whole);
    answer.faults = std::move(faults).take();
    return answer;
}

}  // namespace waypost::config
