// What is decided about mail before its content comes: whether the client may use this sender, and what the rules are
// told about a recipient (rules::accept_recipient does the rest). A session asks for its client; `waypost explain` asks
// for one that is not there. So both hear the same.
#pragma once

#include <functional>
#include <string>

#include "waypost/inbound/settings.hpp"
#include "waypost/mail/status.hpp"
#include "waypost/rules/ruleset.hpp"
#include "waypost/smtp/server_session.hpp"

namespace waypost::inbound {

/// What the conversation does not say about a client.
struct client {
    rules::origin origin;
    /// See rules::facts::rdns.
    std::function<async::awaitable<base::result<std::string>>()> rdns;
};

[[nodiscard]] rules::envelope_context context_of(const mail::mailbox& recipient, const client& peer,
                                                 const smtp::server_session& conversation,
                                                 const listener_settings& listener, async::wall_time now);

/// Which reverse-paths an authenticated user may use: `listen ... auth <t> senders <t>`. Without `senders`, any.
async::awaitable<mail::status> sender_verdict(const mail::reverse_path& reverse_path,
                                              const smtp::server_session& conversation,
                                              const listener_settings& listener, char tag_delimiter);

/// Success, 550 or, when the table cannot be asked, 451. The user's row lists addresses with commas between them, each
/// as in a table of mail addresses: user@domain, @domain, user@*.domain, user, @ (all), and <> for the null
/// reverse-path. A user without a row may use none.
async::awaitable<mail::status> sender_verdict(table::table& senders, std::string user, mail::reverse_path reverse_path,
                                              char tag_delimiter);

}  // namespace waypost::inbound
