// From smtpd.conf to the settings of every room.
//
// parse() turns text of either generation of the grammar into one model; load() turns the model into what the rooms
// take, with every table read, every URL parsed and every certificate and key loaded, so that nothing that serve would
// choke on later passes here. Both report every fault they find, not the first alone.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "waypost/async/offload.hpp"
#include "waypost/config/grammar/model.hpp"
#include "waypost/config/grammar/parse.hpp"
#include "waypost/config/syntax/diagnostic.hpp"
#include "waypost/delivery/settings.hpp"
#include "waypost/dns/cares_resolver.hpp"
#include "waypost/inbound/settings.hpp"
#include "waypost/mail/srs.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/queue/settings.hpp"
#include "waypost/relay/settings.hpp"
#include "waypost/rules/ruleset.hpp"
#include "waypost/spool/make_store.hpp"
#include "waypost/table/dependencies.hpp"

namespace waypost::config {

/// A certificate in use. It may expire while the daemon runs.
struct watched_certificate {
    net::key_pair pair;
    std::string host_name;  // that clients expect in it; empty: none

    /// What is wrong with it now, for a log line each. Reads the files.
    [[nodiscard]] std::vector<std::string> weaknesses(std::chrono::system_clock::time_point now) const;
};

/// One configuration, whole: the settings of every room, and the tables and rules that they point to. Whatever begins
/// with it (a session, a relay, a delivery) keeps it by a shared_ptr to its part, and the last of them frees it.
struct generation {
    std::unique_ptr<async::clock> clock;           // the tables'
    std::unique_ptr<table::dependencies> context;  // whoever has a log tells them so
    std::vector<std::unique_ptr<table::table>> tables;
    std::unique_ptr<rules::ruleset> rules;
    inbound::settings inbound;
    relay::settings relay;
    delivery::settings delivery;
    queue::settings queue;
    spool::settings spool;
    dns::resolver_settings dns;
    observe::log_settings log;
    std::vector<watched_certificate> certificates;
    std::shared_ptr<const mail::srs> srs;  // null without `srs key`
    std::string host;
};

/// Under whose identity the daemon runs. Only root can deliver as others.
struct identity {
    unsigned uid = 0;
    std::string name;  // empty: the system has none for it

    [[nodiscard]] static identity of_this_process();
};

/// What a person may see of a table's answer. In a table of credentials every value is one, whatever it is asked for
/// as; what `credentials` is asked for by key is masked already.
[[nodiscard]] std::string shown_row(const generation& settings, const table::table& rows, table::service service,
                                    bool by_key, const std::string& row);

struct load_result {
    std::shared_ptr<generation> settings;  // null if there is a fault
    std::vector<diagnostic> faults;
};
/// Blocks (files, name lookups of listeners). `io` is kept by tables that block.
/// `for_serving`: a self-signed certificate may be made in the state directory where TLS was asked for without a pki.
[[nodiscard]] load_result load(const model& model, async::thread_pool& io, bool for_serving,
                               const identity& identity = identity::of_this_process());

}  // namespace waypost::config
