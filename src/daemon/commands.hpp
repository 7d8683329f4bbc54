// The commands of the control socket: what each room can tell and be told.
#pragma once

#include "waypost/config/load/load.hpp"
#include "waypost/control/command.hpp"
#include "waypost/relay/engine.hpp"

namespace waypost::daemon {

/// All that it uses outlives the commands.
[[nodiscard]] control::commands make_commands(relay::engine& relays, const config::loaded& settings);

}  // namespace waypost::daemon
