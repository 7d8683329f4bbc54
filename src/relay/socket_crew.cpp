#include "socket_crew.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "session.hpp"
#include "waypost/async/alongside.hpp"
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

connection_names names_for(const mail::relay_url& url, const route& along, const net::stream& peer) {
    const auto source = peer.local();
    return {.session = observe::new_session_id(),
            .relay = url.text(),
            .remote = url.socket_path.empty() ? url.host + " (" + along.to.at.ip.to_string() + ")" : url.socket_path,
            .source = source ? source->ip.to_string() : std::string()};
}

bool is_fault_of_credentials(smtp::client_stage at) {
    return at == smtp::client_stage::auth_refused || at == smtp::client_stage::auth_not_offered;
}

bool is_fault_of_tls(smtp::client_stage at) {
    return at == smtp::client_stage::tls_refused || at == smtp::client_stage::tls_not_offered;
}

/// TLS and credentials are demands of the relay; another relay may be content with this host.
blame blame_for(smtp::client_stage at) {
    switch (at) {
        case smtp::client_stage::tls_not_offered:
        case smtp::client_stage::tls_refused:
        case smtp::client_stage::auth_not_offered:
        case smtp::client_stage::auth_refused: return blame::relay;
        default: return blame::route;
    }
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
    // Of TLS the code says more than "no connection": 4.7.5 is a certificate that was not accepted.
    const auto& code = why.said.enhanced();
    constexpr int security = 7;
    const bool is_about_security = is_fault_of_tls(why.at) && why.said.is_transient() && code.subject == security;
    return mail::status::transient(is_about_security ? code.text() : "4.4.1",
                                   "Relay " + url.text() + " is of no use now: " + text);
}

mail::status unreachable(const mail::relay_url& url, const route& along, const base::error_code& why) {
    const std::string where = url.socket_path.empty() ? url.host + " [" + along.to.text() + "]" : url.socket_path;
    return mail::status::transient("4.4.1", "Cannot connect to " + where + ": " + why.message());
}

}  // namespace

async::awaitable<> socket_crew::serve(opening& what) {
    auto got = co_await open(what);
    if (!got) co_return;
    connection& over = *got->over;
    with_.log.info("mta", "connected",
                   {{"session", over.names().session}, {"relay", over.names().relay}, {"host", over.names().remote}});
    const limits& most = what.allowed();
    session mine(what.ready(got->along), what.action(), over,
                 {.messages = most.messages,
                  .recipients = most.recipients,
                  .max_failures = most.failures,
                  .transaction_delay = most.transaction_delay});
    co_await async::alongside(over.keep_time(), mine.run());
    over.close();
    if (mine.lost()) what.lost(*mine.lost());
}

async::awaitable<std::optional<socket_crew::opened>> socket_crew::open(opening& what) {
    auto way_in = co_await connect(what);
    if (!way_in) co_return std::nullopt;
    const mail::relay_url& url = what.who().url;
    opened made{way_in->along, {}};
    const auto helo = co_await helo_name(what.action(), *way_in->peer);
    if (const auto* none = std::get_if<mail::status>(&helo)) {
        what.failed(made.along, blame::relay, *none);
        co_return std::nullopt;
    }
    const std::string& name = std::get<std::string>(helo);
    auto refused = co_await prepare(what, url.security, std::move(*way_in), name, made.over);
    if (refused && refused->at == smtp::client_stage::tls_refused &&
        url.security == transport_security::opportunistic) {
        // Plain `smtp` goes on in clear when a host offers a TLS that does not work, as where it offers none.
        auto again = co_await connect_along(made.along);
        if (again.has_error()) {
            fail(what, made.along, again.error());
            co_return std::nullopt;
        }
        refused = co_await prepare(what, transport_security::never, {made.along, std::move(*again)}, name, made.over);
    }
    if (!refused) co_return made;
    what.failed(made.along, blame_for(refused->at), deferral(*refused, url, what.action()));
    co_return std::nullopt;
}

// --- connecting

/// What the two runners of a race share.
struct socket_crew::race {
    explicit race(const async::executor& on) : news(on), runners(on) {}
    async::event news;
    async::task_group runners;
    std::vector<route> running;
    std::optional<connected> won;
};

async::awaitable<std::optional<socket_crew::connected>> socket_crew::connect(opening& what) {
    if (!what.instead()) {
        auto peer = co_await connect_along(what.via());
        if (peer.has_value()) co_return connected{what.via(), std::move(*peer)};
        fail(what, what.via(), peer.error());
        co_return std::nullopt;
    }
    race both(executor_);
    co_await async::finally(hold(both, what), both.runners.stop());
    for (const route& each : both.running) what.given_up(each);
    co_return std::move(both.won);
}

async::awaitable<> socket_crew::hold(race& both, opening& what) {
    using namespace boost::asio::experimental::awaitable_operators;
    both.running.push_back(what.via());
    both.runners.start(run(both, what, what.via()));
    co_await (both.news.wait() || with_.clock.sleep_for(head_start));
    if (!both.won && what.begin_instead()) {
        both.running.push_back(*what.instead());
        both.runners.start(run(both, what, *what.instead()));
    }
    while (!both.won && !both.running.empty()) co_await both.news.wait();
}

async::awaitable<> socket_crew::run(race& in, opening& what, route along) {
    auto peer = co_await connect_along(along);
    if (in.won) co_return;
    std::erase(in.running, along);
    if (peer.has_value()) {
        in.won = connected{along, std::move(*peer)};
    } else {
        fail(what, along, peer.error());
    }
    in.news.notify();
}

void socket_crew::fail(opening& what, const route& along, const base::error_code& why) {
    const bool is_ours = why == net::errc::cannot_bind;
    what.failed(along, is_ours ? blame::source : blame::route, unreachable(what.who().url, along, why));
}

async::awaitable<base::result<std::unique_ptr<net::stream>>> socket_crew::connect_along(const route& along) {
    if (!along.to.socket_path.empty()) {
        co_return co_await net::connect_unix(along.to.socket_path, with_.clock, settings_.times.connect);
    }
    std::optional<net::address> source;
    if (!along.from.is_unspecified()) source = along.from;
    co_return co_await net::connect_tcp(along.to.at, source, with_.clock, settings_.times.connect);
}

// --- getting ready

/// Everything between the connection and the first transaction; why there will be none. `made` is it.
async::awaitable<std::optional<smtp::session_failed>> socket_crew::prepare(opening& what, transport_security security,
                                                                           connected over, std::string helo,
                                                                           std::unique_ptr<connection>& made) {
    mail::relay_url url = what.who().url;
    url.security = security;
    smtp::client_settings how{
        .helo = std::move(helo), .lmtp = url.lmtp, .tls = tls_of(security), .authenticate = !url.label.empty()};
    connection_names names = names_for(url, over.along, *over.peer);
    made = std::make_unique<connection>(executor_, std::move(over.peer), with_.clock, with_.log, settings_.times,
                                        what.action(), std::move(url), std::move(how), std::move(names));
    std::optional<smtp::session_failed> refused;
    co_await async::alongside(made->keep_time(), greet(*made, security, refused));
    if (refused) made->close();
    co_return refused;
}

async::awaitable<> socket_crew::greet(connection& fresh, transport_security security,
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
async::awaitable<std::variant<std::string, mail::status>> socket_crew::helo_name(const action_settings& action,
                                                                                 const net::stream& over) {
    if (action.helo_names != nullptr) {
        const auto local = over.local();
        const std::string from = local ? net::unmapped(local->ip).to_string() : std::string();
        const auto name = co_await table::find<table::addrname>(*action.helo_names, from);
        if (name.has_error()) {
            co_return mail::status::transient("4.3.5", "No name for EHLO from " + from + " in table " +
                                                           action.helo_names->name() + ": " + name.error().message());
        }
        if (name->has_value()) co_return **name;
    }
    co_return action.helo.empty() ? settings_.host : action.helo;
}

}  // namespace waypost::relay
