#include "waypost/config/load.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "host_name.hpp"
#include "loading.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/table/secret_reference.hpp"

namespace waypost::config {
namespace {

void load_resolvers(loading& now) {
    for (const written& one : now.from.resolvers) {
        if (const auto at = dns::parse_server(one.text)) {
            now.to.dns.servers.push_back(*at);
        } else {
            now.faults.fault(one.where, "\"" + base::printable(one.text, 64) + "\" is no address of a DNS server",
                             "write it like 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53");
        }
    }
}

void load_log(loading& now) {
    const bool json =
        now.from.log == log_format::json || (now.from.log == log_format::automatic && ::isatty(STDERR_FILENO) == 0);
    now.to.log.format = json ? observe::log_format::json : observe::log_format::text;
}

void load_queue(loading& now) {
    now.to.queue.ttl = now.from.queue_ttl;
    const retry_schedule& retry = now.from.retry;
    now.to.queue.retry = {.base = retry.base,
                          .local_base = retry.local_base,
                          .longest = retry.longest,
                          .jitter_percent = retry.jitter_percent};
    now.to.queue.window = now.from.task_window;
    now.to.queue.max_deferred = now.to.relay.max_deferred = now.from.max_deferred;
    now.to.relay.allowed = now.from.mta;
    now.to.queue.warn_intervals = now.from.warn_intervals;
    now.to.spool.directory = now.from.queue_path.text;
    now.to.spool.reserve = now.from.queue_reserve;
}

void load_host(loading& now) {
    now.to.host = now.from.hostname ? mail::domain::parse(now.from.hostname->text)->text() : find_host_name();
    now.to.queue.host = now.to.relay.host = now.to.delivery.host = now.to.host;
}

void load_delivery(loading& now) {
    now.to.delivery.tag_delimiter = now.from.tag_delimiter;
    now.to.delivery.limits = {.max_sessions = now.from.mda.max_sessions,
                              .max_sessions_per_user = now.from.mda.max_sessions_per_user};
}

base::secret load_key(loading& now, const base::secret& given, const location& where) {
    if (given.empty()) return {};
    auto key =
        table::resolve_reference(given.reveal(), [](const char* name) -> const char* { return std::getenv(name); });
    if (const auto* none = std::get_if<table::no_secret>(&key)) {
        now.faults.fault(where, "no key of \"srs\": " + none->why);
        return {};
    }
    return base::secret(std::get<std::string>(std::move(key)));
}

void load_srs(loading& now) {
    if (!now.from.srs) return;
    const srs_definition& from = *now.from.srs;
    if (from.key.empty()) {
        const location& where = from.backup.empty() ? location{now.from.file, 0, 0} : from.backup_at;
        now.faults.fault(where, "\"srs\" without a key", "write a line srs key \"a long secret\"");
    }
    now.to.srs = std::make_shared<const mail::srs>(mail::srs_settings{
        .key = load_key(now, from.key, from.key_at),
        .backup = load_key(now, from.backup, from.backup_at),
        .ttl = from.ttl,
    });
}

/// Until there is a log.
void warn_of_table(std::string_view table, std::string_view what) {
    std::cerr << "table " << base::printable(table) << ": " << base::printable(what) << '\n';
}

}  // namespace

load_result load(const model& what, async::workers& io, bool for_serving, const identity& who) {
    fault_list faults;
    loaded made;
    made.clock = std::make_unique<async::real_clock>();
    made.around = std::make_unique<table::surroundings>(table::surroundings{io, *made.clock, &warn_of_table});
    table_shelf tables(what, made, faults);
    loading now{what, io, for_serving, faults, made, tables, who};
    check_paths(now);
    load_host(now);
    load_log(now);
    load_queue(now);
    load_resolvers(now);
    load_delivery(now);
    load_srs(now);
    load_listeners(now);
    for (const inbound::listener_settings& each : made.inbound.listeners) {
        if (each.at) made.relay.listeners.push_back(*each.at);
    }
    load_wrappers(now);
    load_actions(now);
    load_rules(now);
    check_rights(now);
    tables.warn_of_unused();

    load_result answer;
    if (!faults.any_fault()) answer.settings = std::move(made);
    answer.faults = std::move(faults).take();
    return answer;
}

}  // namespace waypost::config
