// The commands of the control socket: what each room can tell and be told.
#pragma once

#include "waypost/control/command.hpp"
#include "waypost/relay/engine.hpp"
#include "waypost/table/table.hpp"

namespace waypost::daemon {

/// All that it uses outlives the commands.
[[nodiscard]] control::commands make_commands(relay::engine& relays,
                                              const std::vector<std::unique_ptr<table::table>>& tables);

}  // namespace waypost::daemon
