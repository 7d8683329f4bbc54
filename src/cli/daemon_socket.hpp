// Finds the submission socket of the running daemon. Reads no configuration: the caller may be unable to.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "waypost/process/descriptor.hpp"

namespace waypost::cli {

/// $WAYPOST_SOCKET alone, or else the fixed places in their order.
[[nodiscard]] std::vector<std::string> socket_places();

/// The first place where a daemon listens, or a text that says why there is none. The next place is looked at only
/// where nothing is or nobody listens: a daemon that is there and cannot be reached is not passed over.
[[nodiscard]] std::variant<process::descriptor, std::string> connect_to_daemon(const std::vector<std::string>& places);

}  // namespace waypost::cli
