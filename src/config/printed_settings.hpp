// What is set for the daemon as a whole, as lines of configuration.
#pragma once

#include <string>
#include <vector>

#include "waypost/config/model.hpp"

namespace waypost::config {

[[nodiscard]] std::vector<std::string> printed_settings(const model& model);

}  // namespace waypost::config
