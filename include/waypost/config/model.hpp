// A configuration as it was understood: what both generations of the grammar say, in one vocabulary.
//
// Macros, includes and defaults of the grammar (`from local for local`) are resolved here; names of tables, actions,
// pki and ca are not: load() resolves them. A 2012 rule with its anonymous action is a named action and a rule like any
// other. Each thing remembers where it was written, so that load() can point there.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "waypost/base/secret.hpp"
#include "waypost/config/diagnostic.hpp"
#include "waypost/relay/limits.hpp"

namespace waypost::config {

/// A text and where it stands.
struct located_string {
    std::string text;
    config::location location;
};

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
enum class auth_demand { no, optional, required };

struct listener {
    bool socket = false;  // `listen on socket`
    std::optional<located_string> path;  // of the socket
    std::string address;  // address, host name, interface or "all"
    address_family family = address_family::any;
    std::optional<located_string> port;  // number or service name; none: 25, or 465 for smtps
    bool tls = false;  // STARTTLS is offered
    bool tls_require = false;  // and demanded
    bool smtps = false;  // with tls: two listeners
    bool verify_client = false;  // a client certificate is demanded
    std::vector<located_string> pki;
    std::optional<located_string> ca;
    auth_demand auth = auth_demand::no;
    std::optional<table_use> passwords;
    std::optional<table_use> senders;
    bool masquerade = false;
    std::optional<located_string> hostname;
    std::string tag;
    bool mask_source = false;
    bool received_auth = false;
    bool no_dsn = false;
    bool refuse_bare_lf = false;  // `bare-lf refuse`
    config::location location;
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
    std::optional<table_use> hosts;
    bool ordered = false;
    std::optional<table_use> by_domain;  // `domain`: relay URLs by the recipient's domain
    std::optional<located_string> backup;  // `backup [mx NAME]`; empty: this host's name
    // none of hosts and by_domain: the MX hosts of the recipient's domain
    std::optional<table_use> auth;
    bool tls = false;
    bool no_verify = false;
    std::optional<table_use> sources;
    std::optional<located_string> helo;
    std::optional<table_use> helo_names;  // `helo-src`
    std::optional<located_string> mail_from;
    std::optional<located_string> pki;
    std::optional<located_string> ca;
    std::optional<location> srs;

    // the others
    located_string path;  // of maildir; empty: Maildir in the user's home
    bool junk = false;
    located_string command;  // of mda
    std::optional<located_string> wrapper;  // its name
    located_string lmtp;  // host:port or a path
    bool rcpt_to = false;
    std::optional<located_string> user;
    std::optional<table_use> alias;
    std::optional<table_use> virtual_users;
    std::optional<table_use> userbase;  // none: the system's users

    location place;
};

/// `mda wrapper`
struct wrapper_definition {
    std::string name;
    located_string command;
    config::location location;
};

/// `mda limit`
struct mda_limits {
    std::uint64_t max_sessions = 50;
    std::uint64_t max_sessions_per_user = 7;
    friend bool operator==(const mda_limits&, const mda_limits&) = default;
};

/// `srs`
struct srs_definition {
    base::secret key;  // or where it is: table/secret_reference.hpp
    base::secret backup;
    std::chrono::seconds ttl{std::chrono::hours(96)};
    location key_at;
    location backup_at;
};

/// What a condition asks about, in the order in which OpenSMTPD evaluates them.
enum class subject {
    tag,
    from_any,
    from_local,
    from_socket,
    from_source,
    from_rdns,
    from_auth,
    from_mail_from,
    for_any,
    for_local,
    for_domain,
    for_recipient,
    helo,
    auth,
    tls,
    mail_from,
    rcpt_to
};

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

enum class log_format { automatic, text, json };

/// `smtp limit` and `smtp timeout`. A limit of 0 is none.
struct smtp_limits {
    std::uint64_t max_recipients = 1000;  // a transaction
    std::uint64_t max_mails = 0;  // transactions a session
    std::uint64_t max_errors = 20;  // refused commands a session
    std::uint64_t max_sessions = 0;  // 0: what the system's limit on open files allows
    std::uint64_t max_sessions_of_client = 1000;  // an IPv4 address, an IPv6 /64
    std::uint64_t max_sessions_of_network = 2000;  // an IPv4 /24, an IPv6 /48
    std::uint64_t max_envelopes = 10000;  // a message, after aliases
    std::uint64_t content_memory = 64ULL << 20;  // octets of all texts that are being received
    std::uint64_t min_rate = 256;  // octets of content a second; 0: no limit
    std::uint64_t max_line = 65535;  // octets of a line of content
    std::uint64_t max_received = 100;  // Received fields; more are a loop
    std::chrono::seconds command{300};  // waiting for a command
    std::chrono::seconds content{180};  // waiting for more content
    std::chrono::seconds handshake{60};  // TLS
    std::chrono::seconds session{3600};  // without a message that was accepted
    friend bool operator==(const smtp_limits&, const smtp_limits&) = default;
};

/// When mail that was deferred is tried again: queue/retry.hpp.
struct retry_schedule {
    std::chrono::seconds base{400};
    std::chrono::seconds local_base{10};
    std::chrono::seconds longest{std::chrono::hours(4)};
    unsigned jitter_percent = 10;
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
    located_string queue_path{"/var/spool/waypost", {}};
    std::optional<std::uint64_t> queue_reserve;  // none: in proportion to the volume
    std::chrono::seconds queue_ttl{std::chrono::hours(96)};
    retry_schedule retry;
    std::vector<std::chrono::seconds> warn_intervals{std::chrono::hours(4)};
    std::uint64_t max_message_size = 35ULL << 20;
    smtp_limits limits;
    relay::limit_book mta;
    std::uint64_t task_window = 1000;  // `mta limit task-hiwat`: envelopes of one next hop in memory
    std::uint64_t max_deferred = 100;  // `mta max-deferred`
    mda_limits mda;
    char tag_delimiter = '+';
    std::optional<srs_definition> srs;
    std::vector<located_string> resolvers;  // empty: the system's
    log_format log = log_format::automatic;

    std::string file;  // the main file's name, for what stands nowhere
};

}  // namespace waypost::config
