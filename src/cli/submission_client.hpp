// Hands a message to the running daemon, over its Unix socket.
#pragma once

#include "daemon_socket.hpp"
#include "sendmail_message.hpp"
#include "waypost/mail/status.hpp"

namespace waypost::cli {

/// What the daemon said: success when it keeps the message for every recipient, or else the first refusal, and it keeps
/// nothing. Addresses without a domain get the name that the daemon gives itself. Blocks.
[[nodiscard]] mail::status submit(daemon_socket daemon, draft message);

}  // namespace waypost::cli
