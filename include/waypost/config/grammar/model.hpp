// A configuration as it was understood: what both generations of the grammar say, in one vocabulary.
//
// Macros, includes and defaults of the grammar (`from local for local`) are resolved here; names of tables, actions,
// pki and ca are not: load() resolves them. A 2012 rule with its anonymous action is a named action and a rule like any
// other. Each thing remembers where it was written, so that load() can point there.
//
// What a room can be told is kept in the room's own settings, with the room's defaults: load() takes these and adds
// what it had to look for (addresses, tables, certificates).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "waypost/config/syntax/diagnostic.hpp"
#include "waypost/delivery/settings.hpp"
#include "waypost/inbound/settings.hpp"
#include "waypost/mail/srs.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/queue/settings.hpp"
#include "waypost/relay/settings.hpp"
#include "waypost/rules/ruleset.hpp"
#include "waypost/spool/make_store.hpp"

namespace waypost::config {

struct table_row {
    std::string key;
    std::string value;  // empty in a list
    config::location location;
};

struct table_rows {
    bool is_map = false;  // `{ k = v, ... }`
    std::vector<table_row> rows;
};

struct table_definition {
    std::string name;
    std::string backend;  // "file", "sqlite" ...; empty: `rows`
    std::string argument;  // what the backend takes: an absolute path, a command line, or nothing
    bool is_program = false;  // another process has the rows
    std::optional<located_string> user;  // as whom a program runs that we start as root
    table_rows rows;
    config::location location;
};

/// What stands where the grammar wants a table: `<name>`, or a string, `{ a, b }` or `{ k = v }`, which make an
/// anonymous one.
struct table_use {
    std::string name;  // empty: anonymous, with these rows
    table_rows rows;
    config::location location;
};

enum class address_family { any, inet4, inet6 };

struct listener {
    bool socket = false;  // `listen on socket`
    std::optional<located_string> path;  // of the socket
    std::string address;  // address, host name, interface or "all"
    address_family family = address_family::any;
    std::optional<located_string> port;  // number or service name; none: 25, or 465 for smtps
    bool smtps = false;  // with STARTTLS: two listeners
    bool verify_client = false;  // a client certificate is demanded
    std::vector<located_string> pki;
    std::vector<located_string> certificates;  // those of pki that are `certificate NAME` of 2012
    std::optional<located_string> ca;
    std::optional<table_use> passwords;
    std::optional<table_use> senders;
    std::optional<located_string> hostname;
    /// All that needs no other part of the configuration. The protocol's host and limits are set by load().
    inbound::listener_settings settings{
        .endpoint = {}, .protocol = {.host = mail::domain::parse("localhost").value()}, .tls = nullptr};
    config::location location;

    [[nodiscard]] bool has_starttls() const noexcept { return settings.protocol.tls != smtp::requirement::no; }
};

struct pki_definition {
    std::string name;
    std::optional<located_string> cert;
    std::optional<located_string> key;
    config::location location;
};

struct ca_definition {
    std::string name;
    located_string cert;
    config::location location;
};

struct action {
    enum class method { relay, mbox, maildir, mda, lmtp, expand_only, forward_only };

    std::string name;
    method by = method::relay;
    std::optional<std::chrono::seconds> ttl;

    // relay
    relay::action_settings relay;  // what needs no other part of the configuration
    std::optional<table_use> hosts;
    std::optional<table_use> by_domain;  // `domain`: relay URLs by the recipient's domain
    // none of hosts and by_domain: the MX hosts of the recipient's domain
    std::optional<table_use> auth;
    std::optional<table_use> sources;
    std::optional<table_use> helo_names;  // `helo-src`
    std::optional<located_string> pki;
    std::optional<located_string> ca;
    std::optional<config::location> srs;

    // the others
    delivery::action_settings local;  // what needs no other part of the configuration
    located_string path;  // of maildir; empty: Maildir in the user's home
    located_string command;  // of mda
    std::optional<located_string> wrapper;  // its name
    located_string lmtp;  // host:port or a path
    bool rcpt_to = false;
    std::optional<located_string> user;
    std::optional<table_use> alias;
    std::optional<table_use> virtual_users;
    std::optional<table_use> userbase;  // none: the system's users

    config::location location;
};

/// `mda wrapper`
struct wrapper_definition {
    std::string name;
    located_string command;
    config::location location;
};

/// `srs`
struct srs_definition {
    mail::srs_settings settings;  // a key, or where it is: table/secret_reference.hpp
    location key_location;
    location backup_location;
};

/// What a condition asks about, in the order in which OpenSMTPD evaluates them.
using subject = rules::condition::subject;

struct condition {
    config::subject subject = subject::from_local;
    bool negated = false;
    bool regex = false;
    std::optional<table_use> values;
    config::location location;
};

struct rule {
    std::vector<condition> conditions;  // in the order of `subject`; there is always one `from` and one `for`
    std::optional<located_string> action;  // none: reject
    /// Of the 2012 generation: an authenticated session passes the source check.
    bool authenticated_pass_source = false;
    config::location location;
};

struct model {
    std::vector<table_definition> tables;
    std::vector<listener> listeners;
    std::vector<pki_definition> pki;
    std::vector<ca_definition> ca;
    std::vector<action> actions;
    std::vector<wrapper_definition> wrappers;
    std::vector<rule> rules;

    std::optional<located_string> hostname;
    smtp::server_limits session;  // of every listener
    inbound::settings inbound;
    located_string queue_path{spool::settings().directory, {}};
    spool::settings spool;
    queue::settings queue;
    relay::settings relay;
    delivery::settings delivery;
    std::optional<srs_definition> srs;
    std::vector<located_string> resolvers;  // empty: the system's
    std::optional<observe::log_format> log_format;  // none: text on a terminal, JSON elsewhere

    std::string file;  // the main file's name, for what stands nowhere
};

}  // namespace waypost::config
