// Hands a message to the running daemon, over its Unix socket.
#pragma once

#include "sendmail_message.hpp"
#include "waypost/mail/status.hpp"
#include "waypost/process/descriptor.hpp"

namespace waypost::cli {

/// What the daemon said: success when it keeps the message for every recipient, or else the first refusal, and it keeps
/// nothing. Addresses without a domain get the name that the daemon gives itself. Blocks.
[[nodiscard]] mail::status submit(process::descriptor daemon, draft message);

}  // namespace waypost::cli
