// Which reverse-paths an authenticated user may use: `listen ... auth <t> senders <t>`.
#pragma once

#include <string>

#include "waypost/async/awaitable.hpp"
#include "waypost/mail/mailbox.hpp"
#include "waypost/mail/status.hpp"
#include "waypost/table/table.hpp"

namespace waypost::inbound {

/// Success, 550 or, when the table cannot be asked, 451. The user's row lists addresses with commas between them, each
/// as in a table of mail addresses: user@domain, @domain, user@*.domain, user, @ (all), and <> for the null
/// reverse-path. A user without a row may use none.
async::awaitable<mail::status> judge_sender(table::table& senders, std::string user, mail::reverse_path from,
                                            char tag_delimiter);

}  // namespace waypost::inbound
