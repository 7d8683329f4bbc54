#include "waypost/config/load/load.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "load_context.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/table/secret_reference.hpp"

namespace waypost::config {
namespace {

void load_resolvers(load_context& now) {
    for (const located_string& one : now.model.resolvers) {
        if (const auto at = dns::parse_server(one.text)) {
            now.result.dns.servers.push_back(*at);
        } else {
            now.faults.fault(one.location, "\"" + base::printable(one.text, 64) + "\" is no address of a DNS server",
                             "write it like 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53");
        }
    }
}

/// What is set for a room as a whole; the rest of load() adds to it.
void load_rooms(load_context& now) {
    now.result.inbound = now.model.inbound;
    now.result.relay = now.model.relay;
    now.result.relay.max_deferred = now.model.queue.max_deferred;
    now.result.delivery = now.model.delivery;
    now.result.queue = now.model.queue;
    now.result.spool = now.model.spool;
    now.result.spool.directory = now.model.queue_path.text;
    const bool is_terminal = ::isatty(STDERR_FILENO) != 0;
    now.result.log.format =
        now.model.log_format.value_or(is_terminal ? observe::log_format::text : observe::log_format::json);
}

void load_host(load_context& now) {
    now.result.host = now.model.hostname ? mail::domain::parse(now.model.hostname->text)->text() : find_host_name();
    now.result.queue.host = now.result.relay.host = now.result.delivery.host = now.result.host;
}

base::secret load_key(load_context& now, const base::secret& password, const location& location) {
    if (password.empty()) return {};
    auto key =
        table::resolve_reference(password.reveal(), [](const char* name) -> const char* { return std::getenv(name); });
    if (const auto* none = std::get_if<table::no_secret>(&key)) {
        now.faults.fault(location, "no key of \"srs\": " + none->reason);
        return {};
    }
    return base::secret(std::get<std::string>(std::move(key)));
}

void load_srs(load_context& now) {
    if (!now.model.srs) return;
    const srs_definition& definition = *now.model.srs;
    mail::srs_settings settings = definition.settings;
    if (settings.key.empty()) {
        const location& place = settings.backup.empty() ? location{now.model.file, 0, 0} : definition.backup_location;
        now.faults.fault(place, "\"srs\" without a key", "write a line srs key \"a long secret\"");
    }
    settings.key = load_key(now, settings.key, definition.key_location);
    settings.backup = load_key(now, settings.backup, definition.backup_location);
    now.result.srs = std::make_shared<const mail::srs>(std::move(settings));
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
    load_context now{model, io, for_serving, faults, made, tables, identity};
    check_paths(now);
    load_rooms(now);
    load_host(now);
    load_resolvers(now);
    load_srs(now);
    load_listeners(now);
    for (const inbound::listener_settings& each : made.inbound.listeners) {
        if (each.endpoint) made.relay.listeners.push_back(*each.endpoint);
    }
    load_wrappers(now);
    load_actions(now);
    load_rules(now);
    made.inbound.rules = made.rules.get();
    check_rights(now);
    tables.warn_of_unused();

    load_result answer;
    if (!faults.any_fault()) answer.settings = std::move(whole);
    answer.faults = std::move(faults).take();
    return answer;
}

}  // namespace waypost::config
