// What one client may do before its content comes: use a sender, reach a recipient, log in.
//
// The decisions about senders and recipients are those of policy.hpp and of the rules, which `waypost explain` asks as
// well. A password costs time and processor, so those who guess are few at a time, are slowed down and have to connect
// again for each few, where the log shows their address.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "budgets.hpp"
#include "password.hpp"
#include "waypost/inbound/policy.hpp"
#include "waypost/inbound/server.hpp"
#include "waypost/rules/accept_recipient.hpp"

namespace waypost::inbound {

class client_policy {
public:
    /// Who the client is, to the log and to the rules.
    struct identity {
        std::string session_id;
        std::string address;  // as text
        std::optional<net::address> ip;  // none: it came by the Unix socket
        std::function<async::awaitable<base::result<std::string>>()> rdns;
    };

    /// All of it outlives the policy; `protocol` is the session that it is asked for.
    client_policy(const dependencies& context, const rules::ruleset& rules, const listener_settings& listener,
                  budgets& shared, const smtp::server_session& protocol, identity client);

    async::awaitable<mail::status> check_sender(const mail::sender& sender);
    /// Its envelopes, or why it is refused.
    async::awaitable<rules::acceptance> check_recipient(mail::recipient recipient);
    async::awaitable<mail::status> check_password(smtp::credentials credentials);

private:
    async::awaitable<std::optional<password_verdict>> verdict_of(smtp::credentials credentials);
    void log_login(observe::level level, const std::string& user, std::string_view result) const;

    const dependencies& context_;
    const rules::ruleset& rules_;
    const listener_settings& listener_;
    budgets& shared_;
    const smtp::server_session& protocol_;
    identity client_;
    unsigned failed_logins_ = 0;
};

}  // namespace waypost::inbound
