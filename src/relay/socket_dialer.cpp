#include "socket_dialer.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "session.hpp"
#include "waypost/async/run_with.hpp"
#include "waypost/net/connect.hpp"
#include "waypost/observe/session_id.hpp"
#include "waypost/table/services.hpp"

namespace waypost::relay {

namespace {

using mail::transport_security;

// RFC 8305 section 8, "Connection Attempt Delay"
constexpr std::chrono::milliseconds head_start{250};

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

connection_names names_for(const mail::relay_url& url, const route& route, const net::stream& peer) {
    const auto source = peer.local();
    return {.session = observe::new_session_id(),
            .relay = url.text(),
            .remote = url.socket_path.empty() ? url.host + " (" + route.target.endpoint.ip.to_string() + ")"
                                              : url.socket_path,
            .source = source ? source->ip.to_string() : std::string()};
}

bool is_fault_of_credentials(smtp::client_stage stage) {
    return stage == smtp::client_stage::auth_refused || stage == smtp::client_stage::auth_not_offered;
}

bool is_fault_of_tls(smtp::client_stage stage) {
    return stage == smtp::client_stage::tls_refused || stage == smtp::client_stage::tls_not_offered;
}

/// TLS and credentials are demands of the relay; another relay may be content with this host.
blame blame_for(smtp::client_stage stage) {
    switch (stage) {
        case smtp::client_stage::tls_not_offered:
        case smtp::client_stage::tls_refused:
        case smtp::client_stage::auth_not_offered:
        case smtp::client_stage::auth_refused: return blame::relay;
        default: return blame::route;
    }
}

/// What a session that could not carry mail means for the mail that waits. However final the host's words are, they are
/// about us and not about any recipient: the mail is deferred.
mail::status deferral(const smtp::session_failed& failure, const mail::relay_url& url, const action_settings& action) {
    std::string text = failure.status.line();
    if (is_fault_of_credentials(failure.stage)) {
        text = "Relay " + url.text() + " did not accept label \"" + url.label + "\" of table <" +
               (action.credentials != nullptr ? action.credentials->name() : std::string()) + ">: " + text;
        return mail::status::transient("4.7.0", text);
    }
    // Of TLS the code says more than "no connection": 4.7.5 is a certificate that was not accepted.
    const auto& code = failure.status.enhanced();
    constexpr int security = 7;
    const bool is_about_security =
        is_fault_of_tls(failure.stage) && failure.status.is_transient() && code.subject == security;
    return mail::status::transient(is_about_security ? code.text() : "4.4.1",
                                   "Relay " + url.text() + " is of no use now: " + text);
}

mail::status unreachable(const mail::relay_url& url, const route& route, const base::error_code& error) {
    const std::string where = url.socket_path.empty() ? url.host + " [" + route.target.text() + "]" : url.socket_path;
    return mail::status::transient("4.4.1", "Cannot connect to " + where + ": " + error.message());
}

}  // namespace

async::awaitable<> socket_dialer::serve(connection_attempt& attempt) {
    auto got = co_await open(attempt);
    if (!got) co_return;
    connection& over = *got->connection;
    context_.log.info(
        "mta", "connected",
        {{"session", over.names().session}, {"relay", over.names().relay}, {"host", over.names().remote}});
    const limits& most = attempt.allowed();
    session mine(attempt.ready(got->path), attempt.action(), over,
                 {.messages = most.messages,
                  .recipients = most.recipients,
                  .max_failures = most.failures,
                  .transaction_delay = most.transaction_delay});
    co_await async::run_with(over.keep_time(), mine.run());
    over.close();
    if (mine.lost()) attempt.lost(*mine.lost());
}

async::awaitable<std::optional<socket_dialer::opened>> socket_dialer::open(connection_attempt& attempt) {
    auto way_in = co_await connect(attempt);
    if (!way_in) co_return std::nullopt;
    const mail::relay_url& url = attempt.who().url;
    opened made{way_in->path, {}};
    const auto helo = co_await helo_name(attempt, *way_in->peer);
    if (const auto* none = std::get_if<mail::status>(&helo)) {
        attempt.failed(made.path, blame::relay, *none);
        co_return std::nullopt;
    }
    const std::string& name = std::get<std::string>(helo);
    auto refused = co_await prepare(attempt, url.security, std::move(*way_in), name, made.connection);
    if (refused && refused->stage == smtp::client_stage::tls_refused &&
        url.security == transport_security::opportunistic) {
        // Plain `smtp` goes on in clear when a host offers a TLS that does not work, as where it offers none.
        auto again = co_await connect_along(made.path, attempt.settings().times.connect);
        if (again.has_error()) {
            fail(attempt, made.path, again.error());
            co_return std::nullopt;
        }
        refused =
            co_await prepare(attempt, transport_security::never, {made.path, std::move(*again)}, name, made.connection);
    }
    if (!refused) co_return made;
    attempt.failed(made.path, blame_for(refused->stage), deferral(*refused, url, attempt.action()));
    co_return std::nullopt;
}

// --- connecting

/// What the two runners of a race share.
struct socket_dialer::race {
    explicit race(const async::executor& executor) : news(executor), runners(executor) {}
    async::event news;
    async::task_group runners;
    std::vector<route> running;
    std::optional<connected> won;
};

async::awaitable<std::optional<socket_dialer::connected>> socket_dialer::connect(connection_attempt& attempt) {
    if (!attempt.fallback()) {
        auto peer = co_await connect_along(attempt.via(), attempt.settings().times.connect);
        if (peer.has_value()) co_return connected{attempt.via(), std::move(*peer)};
        fail(attempt, attempt.via(), peer.error());
        co_return std::nullopt;
    }
    race both(executor_);
    co_await async::finally(hold(both, attempt), both.runners.stop());
    for (const route& each : both.running) attempt.given_up(each);
    co_return std::move(both.won);
}

async::awaitable<> socket_dialer::hold(race& both, connection_attempt& attempt) {
    using namespace boost::asio::experimental::awaitable_operators;
    both.running.push_back(attempt.via());
    both.runners.start(run(both, attempt, attempt.via()));
    co_await (both.news.wait() || context_.clock.sleep_for(head_start));
    if (!both.won && attempt.begin_fallback()) {
        both.running.push_back(*attempt.fallback());
        both.runners.start(run(both, attempt, *attempt.fallback()));
    }
    while (!both.won && !both.running.empty()) co_await both.news.wait();
}

async::awaitable<> socket_dialer::run(race& race, connection_attempt& attempt, route route) {
    auto peer = co_await connect_along(route, attempt.settings().times.connect);
    if (race.won) co_return;
    std::erase(race.running, route);
    if (peer.has_value()) {
        race.won = connected{route, std::move(*peer)};
    } else {
        fail(attempt, route, peer.error());
    }
    race.news.notify();
}

void socket_dialer::fail(connection_attempt& attempt, const route& route, const base::error_code& error) {
    const bool is_ours = error == net::errc::cannot_bind;
    attempt.failed(route, is_ours ? blame::source : blame::route, unreachable(attempt.who().url, route, error));
}

async::awaitable<base::result<std::unique_ptr<net::stream>>> socket_dialer::connect_along(const route& route,
                                                                                          async::duration limit) {
    if (!route.target.socket_path.empty()) {
        co_return co_await net::connect_unix(route.target.socket_path, context_.clock, limit);
    }
    std::optional<net::address> source;
    if (!route.source_address.is_unspecified()) source = route.source_address;
    co_return co_await net::connect_tcp(route.target.endpoint, source, context_.clock, limit);
}

// --- getting ready

/// Everything between the connection and the first transaction; why there will be none. `opened_connection` is it.
async::awaitable<std::optional<smtp::session_failed>> socket_dialer::prepare(
    connection_attempt& attempt, transport_security security, connected over, std::string helo,
    std::unique_ptr<connection>& opened_connection) {
    mail::relay_url url = attempt.who().url;
    url.security = security;
    smtp::client_settings how{
        .helo = std::move(helo), .lmtp = url.lmtp, .tls = tls_of(security), .authenticate = !url.label.empty()};
    connection_names names = names_for(url, over.path, *over.peer);
    opened_connection = std::make_unique<connection>(executor_, std::move(over.peer), context_.clock, context_.log,
                                                     attempt.settings().times, attempt.action(), std::move(url),
                                                     std::move(how), std::move(names));
    std::optional<smtp::session_failed> refused;
    co_await async::run_with(opened_connection->keep_time(), greet(*opened_connection, security, refused));
    if (refused) opened_connection->close();
    co_return refused;
}

async::awaitable<> socket_dialer::greet(connection& fresh, transport_security security,
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

/// The name of the source address in `helo-src`, else the action's, else this host's. Mail does not leave under another
/// name than it should because the table could not be asked, or has a row that is none.
async::awaitable<std::variant<std::string, mail::status>> socket_dialer::helo_name(const connection_attempt& attempt,
                                                                                   const net::stream& stream) {
    const action_settings& action = attempt.action();
    if (action.helo_names != nullptr) {
        const auto local = stream.local();
        const std::string from = local ? net::unmapped(local->ip).to_string() : std::string();
        const auto name = co_await table::find<table::addrname>(*action.helo_names, from);
        if (name.has_error()) {
            co_return mail::status::transient("4.3.5", "No name for EHLO from " + from + " in table " +
                                                           action.helo_names->name() + ": " + name.error().message());
        }
        if (name->has_value()) co_return **name;
    }
    co_return action.helo.empty() ? attempt.settings().host : action.helo;
}

}  // namespace waypost::relay
