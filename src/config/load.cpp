#include "waypost/config/load.hpp"

#include <unistd.h>

#include <iostream>

#include "host_name.hpp"
#include "loading.hpp"
#include "waypost/base/ascii.hpp"

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
}

void load_host(loading& now) {
    now.to.host = now.from.hostname ? mail::domain::parse(now.from.hostname->text)->text() : find_host_name();
    now.to.queue.host = now.to.relay.host = now.to.delivery.host = now.to.host;
}

/// Until there is a log.
void warn_of_table(std::string_view table, std::string_view what) {
    std::cerr << "table " << base::printable(table) << ": " << base::printable(what) << '\n';
}

}  // namespace

load_result load(const model& what, async::workers& io, bool for_serving) {
    fault_list faults;
    loaded made;
    made.clock = std::make_unique<async::real_clock>();
    made.around = std::make_unique<table::surroundings>(table::surroundings{io, *made.clock, &warn_of_table});
    table_shelf tables(what, made, faults);
    loading now{what, io, for_serving, faults, made, tables, false};
    load_host(now);
    load_log(now);
    load_queue(now);
    load_resolvers(now);
    load_listeners(now);
    load_actions(now);
    load_rules(now);
    tables.warn_of_unused();

    load_result answer;
    if (!faults.any_fault()) answer.settings = std::move(made);
    answer.faults = std::move(faults).take();
    return answer;
}

}  // namespace waypost::config
