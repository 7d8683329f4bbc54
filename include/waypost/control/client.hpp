// Asks the running daemon over its control socket. Blocks; for programs that have nothing else to do.
#pragma once

#include <optional>
#include <string>

#include "waypost/control/command.hpp"

namespace waypost::control {

/// The answer; nothing when no daemon listens there.
[[nodiscard]] std::optional<answer> ask(const std::string& path, const request& request);

}  // namespace waypost::control
