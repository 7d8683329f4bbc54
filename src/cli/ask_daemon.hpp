// Asks the running daemon of a configuration, and says on standard error why it did not answer.
#pragma once

#include <optional>

#include "commands.hpp"
#include "waypost/control/command.hpp"

namespace waypost::cli {

/// The result; nothing after the reason was printed. `exit_code` is EX_UNAVAILABLE where there is no daemon, else 1.
[[nodiscard]] std::optional<control::json> ask_daemon(const configuration& where, const control::request& what,
                                                      int& exit_code);

}  // namespace waypost::cli
