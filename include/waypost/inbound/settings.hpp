// What an administrator can set about mail that comes in.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "waypost/net/endpoint.hpp"
#include "waypost/net/tls_context.hpp"
#include "waypost/rules/ruleset.hpp"
#include "waypost/smtp/server_session.hpp"
#include "waypost/smtp_io/server_connection.hpp"
#include "waypost/table/table.hpp"

namespace waypost::inbound {

using time_limits = smtp_io::server_time_limits;

struct listener_settings {
    std::optional<net::endpoint> endpoint;  // none: the Unix socket for programs on this machine
    smtp::server_settings protocol;
    std::shared_ptr<const net::tls_context> tls;
    bool implicit_tls = false;              // smtps
    table::table* passwords = nullptr;      // the `auth` table
    table::table* senders = nullptr;        // which reverse-paths a user may use; null: any
    bool masquerade = false;                // and From says the same
    std::string tag;
    bool mask_source = false;
    bool received_auth = false;
};

struct settings {
    const rules::ruleset* rules = nullptr;  // never null where there is a listener
    std::vector<listener_settings> listeners;
    std::string socket_path;         // the Unix socket; empty: where submission_socket.hpp says
    std::string state_directory;     // the queue's
    std::size_t max_sessions = 10000;  // over all listeners; beyond it clients wait in the kernel's queue
    std::size_t max_sessions_of_client = 1000;  // an IPv4 address or an IPv6 /64
    std::size_t max_sessions_of_loopback = std::numeric_limits<std::size_t>::max();  // an address of this host's own
    std::size_t max_sessions_of_network = 2000;  // an IPv4 /24 or an IPv6 /48
    std::size_t max_envelopes = 10000;  // of a message, after aliases
    std::size_t envelopes_in_sessions = 1'000'000;  // of all messages that are not accepted yet
    std::size_t content_memory = std::size_t{64} << 20;  // beyond it, texts that are being received go into files early
    std::size_t min_rate = 256;  // octets of content a second, averaged, after the first ten minutes; 0: no limit
    std::size_t max_received_fields = 100;  // more of them is a loop
    std::size_t longest_line = 65535;  // of content, without CRLF
    // Content that is refused is read to its end, so that the client learns why, but no more than this of it.
    std::uint64_t most_discarded_content = 64ULL << 20;
    time_limits times;
};

}  // namespace waypost::inbound
