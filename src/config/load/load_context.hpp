// What the parts of load() share, and the parts themselves in their order: each fills the settings of its rooms and
// adds to the faults.
#pragma once

#include <map>
#include <string>

#include "table_registry.hpp"
#include "waypost/config/load/load.hpp"
#include "waypost/config/syntax/diagnostic.hpp"

namespace waypost::config {

struct load_context {
    const config::model& model;
    async::thread_pool& io;
    bool for_serving;
    fault_list& faults;
    generation& result;
    table_registry& tables;
    const config::identity& identity;
    bool warned_of_self_signed = false;  // once is enough
    std::map<std::string, std::optional<delivery::wrapper>, std::less<>> wrappers = {};  // none: it has a fault
    table::table* system_users = nullptr;  // made when first wanted
};

// host_name.cpp
/// The machine's fully qualified name, or its short name, or "localhost.localdomain". Blocks: it may ask the resolver.
[[nodiscard]] std::string find_host_name();

// credential_values.cpp
/// What is wrong with a value as `user:password`; it does not show it.
[[nodiscard]] std::optional<std::string> fault_of_credentials(std::string_view value);

/// A password of incoming clients that is neither a crypt(3) hash nor marked with a `{SCHEME}`.
[[nodiscard]] bool looks_like_plain_text(std::string_view value);

// load_checks.cpp
/// Judges the rows that are known.
void check_rows(load_context& context, const loaded_table& rows, table::row_judge judge);
/// The same, and those that come into use later as well: where a bad row would make others mean something else.
void check_rows_always(load_context& context, const loaded_table& rows, table::row_judge judge);
/// Only what may be used all the same and is hardly meant so.
void doubt_rows(load_context& context, const loaded_table& rows, table::row_judge judge);

// load_tls.cpp
/// The files of a pki; none, and a fault, if there is no such pki or half of it is missing.
[[nodiscard]] std::optional<net::key_pair> find_key_pair(load_context& context, const located_string& pki);
/// The file of a ca; empty, and a fault, if there is no such ca.
[[nodiscard]] std::string find_ca(load_context& context, const located_string& ca);
/// Warns now of what is wrong with a pair that can be used, and has the daemon do so once a day.
void keep_watch(load_context& context, watched_certificate certificate, const location& place);
/// What a listener with TLS shows; null, with a fault, when it cannot be loaded, and null without one when there is no
/// self-signed pair yet and none may be made.
[[nodiscard]] std::shared_ptr<const net::tls_context> server_context(load_context& context, const listener& listener);

/// A fault if a path is relative: it would lead elsewhere from each directory in which a program of ours is started.
void check_absolute(load_context& context, const located_string& path, std::string_view name);
/// The queue, certificates and keys.
void check_paths(load_context& context);

// load_listeners.cpp
void load_listeners(load_context& context);

// load_actions.cpp
void load_actions(load_context& context);

// load_local.cpp
void load_wrappers(load_context& context);
/// Of `lmtp` what the rules need: its users.
void load_local_action(load_context& context, const action& action);
/// The user base of an action, the system's users if it names none; null, with a fault, where it cannot be had.
[[nodiscard]] table::table* users_of(load_context& context, const action& action);
[[nodiscard]] relay::action_settings lmtp_settings(load_context& context, const action& action);

// load_rights.cpp
/// Warns of rules whose mail cannot be delivered under the identity that the daemon has.
void check_rights(load_context& context);

// load_rules.cpp
void load_rules(load_context& context);

}  // namespace waypost::config
