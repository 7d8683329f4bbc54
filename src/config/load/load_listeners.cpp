// Listeners: addresses, what each offers, and who may log in there.
#include <sys/un.h>

#include <algorithm>
#include <cstdlib>

#include "listen_addresses.hpp"
#include "load_context.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/inbound/submission_socket.hpp"
#include "waypost/table/services.hpp"

namespace waypost::config {
namespace {

constexpr std::uint16_t smtp_port = 25;
constexpr std::uint16_t smtps_port = 465;

/// Endpoints that are taken already, and where.
struct taken {
    net::endpoint endpoint;
    config::location location;
};

bool overlap(const net::endpoint& a, const net::endpoint& b) {
    if (a.port != b.port || a.port == 0 || a.ip.is_v4() != b.ip.is_v4()) return false;
    return a.ip == b.ip || a.ip.is_unspecified() || b.ip.is_unspecified();
}

inbound::listener_settings common_settings(const load_context& context, const listener& listener) {
    const std::string& name = listener.hostname ? listener.hostname->text : context.result.host;
    inbound::listener_settings made = listener.settings;
    made.protocol.host = *mail::domain::parse(name);
    made.protocol.limits = context.model.session;
    return made;
}

void load_passwords(load_context& context, const listener& listener, inbound::listener_settings& settings) {
    if (!listener.passwords) return;
    const loaded_table* const found = context.tables.find_credentials(*listener.passwords);
    if (found == nullptr) return;
    settings.passwords = found->get();
    if (!found->content().is_map && !found->content().rows.empty()) {
        context.faults.fault(listener.passwords->location, "the table of \"auth\" is a list",
                             "write rows of the form user = \"user:crypt-hash\"");
        return;
    }
    for (std::size_t row = 0; row < found->content().rows.size(); ++row) {
        const auto& [user, value] = found->content().rows[row];
        const std::string shown = "\"" + base::printable(user, 64) + "\"";
        if (const auto wrong = fault_of_credentials(value)) {
            context.faults.fault(found->where(row), "the credentials of " + shown + " cannot be used: " + *wrong,
                                 "write user = \"user:crypt-hash\"");
        } else if (looks_like_plain_text(value)) {
            context.faults.warn(
                found->where(row),
                "the password of " + shown + " does not look like a crypt hash, and in clear text it lets nobody in",
                "write what `waypost encrypt` prints");
        } else if (const auto name = value.substr(0, value.find(':'));
                   name.size() < value.size() && !base::iequals(name, user)) {
            context.faults.warn(found->where(row),
                                "the credentials of " + shown + " name another user, so they let nobody in",
                                "write the same name before the \":\"");
        }
    }
}

/// OpenSMTPD demands TLS for AUTH everywhere. On the loopback nobody else listens.
void check_auth_has_tls(load_context& context, const listener& listener, const std::vector<net::address>& addresses) {
    if (!listener.passwords || listener.has_starttls() || listener.smtps) return;
    const bool loopback_only =
        std::all_of(addresses.begin(), addresses.end(), [](const net::address& ip) { return ip.is_loopback(); });
    if (loopback_only) {
        context.faults.warn(listener.location, "passwords without TLS, allowed on the loopback only",
                            "write tls to protect them");
    } else {
        context.faults.fault(listener.location, "\"auth\" without TLS: passwords would go in clear text",
                             "write tls or smtps too");
    }
}

void load_senders(load_context& context, const listener& listener, inbound::listener_settings& settings) {
    if (!listener.senders) return;
    const loaded_table* const found = context.tables.find_map(*listener.senders, "senders");
    if (found != nullptr) {
        doubt_rows(context, *found, &table::mailaddrmap::fault_of);
        settings.senders = found->get();
    }
}

/// Where programs on this machine hand in their mail: as written, or else as the environment says; or else inbound
/// looks for a place, of which the longest path is the one in the state directory.
void load_socket_path(load_context& context, const listener& socket) {
    constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;
    constexpr std::size_t longest_queue_path =
        longest_path - 1 - std::string_view(inbound::socket_in_state_directory).size();
    const located_string& queue = context.model.queue_path;
    context.result.inbound.state_directory = queue.text;
    const char* const elsewhere = std::getenv(inbound::socket_variable);
    located_string given{elsewhere != nullptr ? elsewhere : "", {context.model.file, 0, 0}};
    if (socket.path) given = *socket.path;
    context.result.inbound.socket_path = given.text;
    if (given.text.empty()) {
        if (queue.text.size() > longest_queue_path) {
            context.faults.fault(queue.location, "the queue path is too long for the Unix socket in it",
                                 "choose one of at most " + std::to_string(longest_queue_path) + " bytes");
        }
        return;
    }
    check_absolute(context, given, socket.path ? "the path of the socket" : inbound::socket_variable);
    if (given.text.size() > longest_path) {
        context.faults.fault(given.location, "the path of the socket is too long",
                             "choose one of at most " + std::to_string(longest_path) + " bytes");
    }
}

class listeners {
public:
    explicit listeners(load_context& context) : now_(context) {}

    void add(const listener& listener) {
        auto found = find_addresses(listener.address, listener.family);
        if (auto* none = std::get_if<no_addresses>(&found)) {
            now_.faults.fault(listener.location, std::move(none->reason), std::move(none->hint));
            return;
        }
        const auto& addresses = std::get<listen_addresses>(found);
        for (const net::address& ip : addresses.skipped) {
            now_.faults.warn(listener.location,
                             ip.to_string() + " is left out: this machine has no IPv6, or not this address",
                             "write inet4 to say so");
        }
        check_auth_has_tls(now_, listener, addresses.addresses);
        inbound::listener_settings made = common_settings(now_, listener);
        load_passwords(now_, listener, made);
        load_senders(now_, listener, made);
        if (listener.has_starttls() || listener.smtps) {
            made.tls = server_context(now_, listener);
        } else if (!listener.pki.empty() || listener.ca) {
            now_.faults.warn(listener.location, "a certificate, but neither tls nor smtps", "write tls or smtps too");
        }
        if (listener.has_starttls() || !listener.smtps) add_each(listener, made, addresses.addresses, false);
        if (listener.smtps) add_each(listener, made, addresses.addresses, true);
    }

    void add_socket(const listener& listener) {
        now_.result.inbound.listeners.push_back(common_settings(now_, listener));
    }

private:
    void add_each(const listener& listener, inbound::listener_settings settings,
                  const std::vector<net::address>& addresses, bool implicit_tls) {
        std::uint16_t port = implicit_tls ? smtps_port : smtp_port;
        if (listener.port) {
            const auto given = find_port(listener.port->text);
            if (!given) {
                now_.faults.fault(listener.port->location,
                                  "\"" + base::printable(listener.port->text, 64) + "\" is no port",
                                  "write a number up to 65535, or smtp, submission or smtps");
                return;
            }
            port = *given;
        }
        settings.implicit_tls = implicit_tls;
        if (implicit_tls) settings.protocol.tls = smtp::requirement::no;
        for (const net::address& ip : addresses) {
            const net::endpoint at{ip, port};
            const auto other = std::find_if(endpoints_.begin(), endpoints_.end(),
                                            [&](const taken& one) { return overlap(one.endpoint, at); });
            if (other != endpoints_.end()) {
                now_.faults.fault(
                    listener.location,
                    net::to_string(at) + " is listened on already, at line " + std::to_string(other->location.line),
                    "remove one of them, or give it another port");
                continue;
            }
            endpoints_.push_back({at, listener.location});
            settings.endpoint = at;
            now_.result.inbound.listeners.push_back(settings);
        }
    }

    load_context& now_;
    std::vector<taken> endpoints_;
};

}  // namespace

void load_listeners(load_context& context) {
    listeners all(context);
    listener socket;
    for (const listener& one : context.model.listeners) {
        if (one.socket) {
            socket = one;
        } else {
            all.add(one);
        }
    }
    all.add_socket(socket);  // always there
    load_socket_path(context, socket);
}

}  // namespace waypost::config
