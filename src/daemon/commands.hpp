// The commands of the control socket: what each room can tell and be told.
#pragma once

#include "waypost/config/load/load.hpp"
#include "waypost/control/command.hpp"
#include "waypost/relay/engine.hpp"

namespace waypost::daemon {

/// Both outlive the commands, which ask the generation of their moment.
[[nodiscard]] control::commands make_commands(relay::engine& relays,
                                              const std::shared_ptr<const config::generation>& current);

}  // namespace waypost::daemon
