// What this machine calls itself, as a domain that can stand in a greeting.
#pragma once

#include <string>

namespace waypost::config {

/// The machine's fully qualified name, or its short name, or "localhost.localdomain". Blocks: it may ask the resolver.
[[nodiscard]] std::string find_host_name();

}  // namespace waypost::config
