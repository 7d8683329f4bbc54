#include "connection.hpp"

#include "waypost/table/services.hpp"

namespace waypost::relay {

connection::connection(const async::executor& executor, std::unique_ptr<net::stream> peer, async::clock& time,
                       observe::log& log, const time_limits& limits, const action_settings& action, mail::relay_url url,
                       smtp::client_settings settings, connection_names names)
    : clock_(time),
      log_(log),
      limits_(limits),
      action_(action),
      url_(std::move(url)),
      names_(std::move(names)),
      client_(executor, std::move(peer), time, std::move(settings), names_.remote, limits.write) {}

async::awaitable<connection::pause> connection::pump() {
    for (;;) {
        auto pause = co_await client_.pump();
        if (std::holds_alternative<smtp::tls_handshake>(pause)) {
            if (auto refused = co_await start_tls()) {
                co_return smtp::session_failed{smtp::client_stage::tls_refused, std::move(*refused)};
            }
            client_.protocol().on_tls();
        } else if (std::holds_alternative<smtp::need_credentials>(pause)) {
            if (auto missing = co_await supply_credentials()) {
                co_return smtp::session_failed{smtp::client_stage::auth_refused, std::move(*missing)};
            }
        } else {
            co_return pause;
        }
    }
}

const net::tls_context& connection::tls_context() const {
    const bool verify = url_.security != mail::transport_security::opportunistic && !action_.no_verify;
    return verify ? *action_.verified : *action_.unverified;
}

async::awaitable<std::optional<mail::status>> connection::start_tls() {
    // Bytes from before the handshake could pass for answers that came after it.
    if (client_.has_unread_input()) co_return mail::status::transient("4.7.5", "The host sent data before TLS was up");
    net::stream& peer = client_.peer();
    client_.watchdog().expect_within(limits_.handshake);
    const auto agreed = co_await peer.start_tls_client(tls_context(), url_.host);
    client_.watchdog().pause();
    if (agreed.has_error()) {
        const std::string detail = peer.tls_fault().empty() ? std::string() : ": " + peer.tls_fault();
        co_return mail::status::transient("4.7.5", agreed.error().message() + detail);
    }
    log_.info("mta", "tls",
              {{"session", names_.session},
               {"relay", names_.relay},
               {"ciphers", agreed->version + ":" + agreed->cipher + ":" + std::to_string(agreed->bits)},
               {"verified", agreed->peer_verified ? "yes" : "no"},
               {"resumed", agreed->resumed ? "yes" : "no"}});
    co_return std::nullopt;
}

/// Asked at each connection, so a changed secret serves the next one.
async::awaitable<std::optional<mail::status>> connection::supply_credentials() {
    if (action_.credentials == nullptr) co_return mail::status::transient("4.7.0", "the action has no auth table");
    auto found = co_await table::find<table::credentials>(*action_.credentials, url_.label);
    if (found.has_error())
        co_return mail::status::transient("4.7.0", "the table could not be asked: " + found.error().message());
    if (!found->has_value()) co_return mail::status::transient("4.7.0", "the label is not in the table");
    client_.protocol().on_credentials({.user = std::move((**found).user), .password = std::move((**found).password)});
    co_return std::nullopt;
}

}  // namespace waypost::relay
