#include "connector.hpp"

#include "waypost/async/alongside.hpp"
#include "waypost/net/connect.hpp"
#include "waypost/observe/session_id.hpp"

namespace waypost::relay {

namespace {

using mail::transport_security;

// A `src` table with addresses of both families is asked so many times for one of the host's family.
constexpr int most_sources = 8;

smtp::client_tls tls_of(transport_security security) {
    switch (security) {
        case transport_security::opportunistic: return smtp::client_tls::if_offered;
        case transport_security::starttls: return smtp::client_tls::demanded;
        case transport_security::never: return smtp::client_tls::never;
        case transport_security::implicit:
        case transport_security::implicit_or_starttls: return smtp::client_tls::already;
    }
    return smtp::client_tls::demanded;
}

connection_names names_for(const mail::relay_url& url, const net::address& ip, const net::stream& peer) {
    const auto source = peer.local();
    return {.session = observe::new_session_id(),
            .relay = url.text(),
            .remote = url.socket_path.empty() ? url.host + " (" + ip.to_string() + ")" : url.socket_path,
            .source = source ? source->ip.to_string() : std::string()};
}

bool is_fault_of_credentials(smtp::client_stage at) {
    return at == smtp::client_stage::auth_refused || at == smtp::client_stage::auth_not_offered;
}

/// What a session that could not carry mail means for the mail that waits. However final the host's words are, they are
/// about us and not about any recipient: the mail is deferred.
mail::status deferral(const smtp::session_failed& why, const mail::relay_url& url, const action_settings& action) {
    std::string text = why.said.line();
    if (is_fault_of_credentials(why.at)) {
        text = "Relay " + url.text() + " did not accept label \"" + url.label + "\" of table <" +
               (action.credentials != nullptr ? action.credentials->name() : std::string()) + ">: " + text;
        return mail::status::transient("4.7.0", text);
    }
    return mail::status::transient("4.4.1", "Relay " + url.text() + " is of no use now: " + text);
}

}  // namespace

async::awaitable<opened> connector::open() {
    auto found = co_await targets_of(hop_, action_, with_.dns);
    if (const auto* none = std::get_if<mail::status>(&found)) co_return *none;
    mail::status last = mail::status::transient("4.4.1", "No host to connect to");
    for (const target& one : std::get<std::vector<target>>(found)) {
        opened tried = co_await try_target(one);
        if (std::holds_alternative<std::unique_ptr<connection>>(tried)) co_return tried;
        last = std::get<mail::status>(std::move(tried));
        with_.log.warn("mta", "connect-failed", {{"relay", one.url.text()}, {"reason", last.line()}});
    }
    co_return last;
}

async::awaitable<opened> connector::try_target(const target& one) {
    if (!one.url.socket_path.empty()) co_return co_await try_address(one.url, {});
    const auto addresses = co_await addresses_of(one, with_.dns);
    if (const auto* none = std::get_if<mail::status>(&addresses)) co_return *none;
    mail::status last;
    for (const net::address& ip : std::get<std::vector<net::address>>(addresses)) {
        opened tried = co_await try_address(one.url, ip);
        if (std::holds_alternative<std::unique_ptr<connection>>(tried)) co_return tried;
        last = std::get<mail::status>(std::move(tried));
    }
    co_return last;
}

/// One address, in the ways that the scheme allows: `ssl` tries TLS from the first byte and then STARTTLS, both
/// verified; plain `smtp` goes on in clear when a host offers a TLS that does not work, as it would where it offers
/// none.
async::awaitable<opened> connector::try_address(const mail::relay_url& url, net::address ip) {
    if (url.security == transport_security::implicit_or_starttls) {
        constexpr std::uint16_t smtp_port = 25;
        opened first = co_await try_once(url, ip, url.effective_port(), transport_security::implicit);
        if (std::holds_alternative<std::unique_ptr<connection>>(first)) co_return first;
        co_return co_await try_once(url, ip, url.port.value_or(smtp_port), transport_security::starttls);
    }
    co_return co_await try_once(url, ip, url.effective_port(), url.security);
}

async::awaitable<opened> connector::try_once(const mail::relay_url& url, net::address ip, std::uint16_t port,
                                             transport_security security) {
    auto peer = co_await connect(url, ip, port);
    if (peer.has_error()) {
        const std::string where =
            url.socket_path.empty() ? url.host + " [" + net::to_string({ip, port}) + "]" : url.socket_path;
        co_return mail::status::transient("4.4.1", "Cannot connect to " + where + ": " + peer.error().message());
    }
    mail::relay_url as_used = url;
    as_used.security = security;
    const smtp::client_settings how{.helo = action_.helo.empty() ? settings_.host : action_.helo,
                                    .lmtp = url.lmtp,
                                    .tls = tls_of(security),
                                    .authenticate = !url.label.empty()};
    connection_names names = names_for(url, ip, **peer);
    auto made = std::make_unique<connection>(executor_, std::move(*peer), with_.clock, with_.log, settings_.times,
                                             action_, std::move(as_used), how, std::move(names));
    std::optional<smtp::session_failed> refused;
    co_await async::alongside(made->keep_time(), prepare(*made, security, refused));
    if (!refused) {
        with_.log.info(
            "mta", "connected",
            {{"session", made->names().session}, {"relay", made->names().relay}, {"host", made->names().remote}});
        co_return made;
    }
    made->close();
    if (refused->at == smtp::client_stage::tls_refused && security == transport_security::opportunistic) {
        co_return co_await try_once(url, ip, port, transport_security::never);
    }
    co_return deferral(*refused, url, action_);
}

/// Everything before the first transaction; `refused` says why there will be none.
async::awaitable<> connector::prepare(connection& fresh, transport_security security,
                                      std::optional<smtp::session_failed>& refused) {
    if (security == transport_security::implicit) {
        if (auto failed = co_await fresh.start_tls()) {
            refused = {smtp::client_stage::tls_refused, std::move(*failed)};
            co_return;
        }
    }
    const auto pause = co_await fresh.pump();
    if (std::holds_alternative<smtp::idle>(pause)) co_return;
    const auto* failed = std::get_if<smtp::session_failed>(&pause);
    refused = failed != nullptr ? *failed
                                : smtp::session_failed{smtp::client_stage::protocol,
                                                       mail::status::transient("4.4.2", "The session ended early")};
}

async::awaitable<base::result<std::unique_ptr<net::stream>>> connector::connect(const mail::relay_url& url,
                                                                                net::address ip, std::uint16_t port) {
    if (!url.socket_path.empty()) {
        co_return co_await net::connect_unix(url.socket_path, with_.clock, settings_.times.connect);
    }
    const auto source = co_await source_for(ip);
    if (source.has_error()) co_return source.error();
    co_return co_await net::connect_tcp({ip, port}, *source, with_.clock, settings_.times.connect);
}

async::awaitable<base::result<std::optional<net::address>>> connector::source_for(net::address ip) {
    using answer = base::result<std::optional<net::address>>;
    if (action_.sources == nullptr) co_return answer(std::nullopt);
    for (int tried = 0; tried < most_sources; ++tried) {
        const auto entry = co_await action_.sources->fetch(table::service::source);
        if (entry.has_error()) co_return entry.error();
        if (!entry->has_value()) break;
        const auto source = net::parse_address(**entry);
        if (source && source->is_v4() == ip.is_v4()) co_return answer(source);
    }
    co_return net::errc::no_such_family;
}

}  // namespace waypost::relay
