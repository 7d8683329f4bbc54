// How many sessions the system has files for.
#pragma once

#include "waypost/config/load/load.hpp"

namespace waypost::daemon {

/// As many files as the system allows, and no more sessions than these suffice for: each message that comes in may need
/// one that goes out. Clients beyond that wait in the kernel's queue instead of being turned away.
void fit_to_descriptors(config::generation& settings);

}  // namespace waypost::daemon
