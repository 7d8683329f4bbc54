// Hands a message to the running daemon, over its Unix socket.
#pragma once

#include <optional>
#include <string>

#include "waypost/daemon/submit.hpp"

namespace waypost::cli {

/// What the daemon said, or nothing where none listens. Blocks.
[[nodiscard]] std::optional<mail::status> submit_to_daemon(const std::string& socket_path,
                                                           const daemon::submission& what);

}  // namespace waypost::cli
