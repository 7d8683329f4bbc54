// docs/configuration.md: all options, made of the tables that the grammar reads them by.
#pragma once

#include <string>

namespace waypost::config {

[[nodiscard]] std::string reference();

}  // namespace waypost::config
