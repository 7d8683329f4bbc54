// Runs the assembled program until a signal ends it.
#pragma once

#include "waypost/async/offload.hpp"
#include "waypost/config/load/load.hpp"

namespace waypost::daemon {

/// SIGTERM and SIGINT stop it in order. Returns when everything has ended. Throws std::runtime_error where it cannot
/// start.
void serve(async::thread_pool& io, std::shared_ptr<config::generation> settings);

}  // namespace waypost::daemon
