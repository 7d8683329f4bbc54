// Once a day each certificate in use is looked at, and what is wrong with it is logged: the first that hears of an
// expired certificate should not be a peer.
#pragma once

#include <vector>

#include "waypost/async/clock.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/config/load/load.hpp"
#include "waypost/observe/log.hpp"

namespace waypost::daemon {

/// Until it is cancelled. All but the list outlives it. What is wrong at the start was said when it was loaded.
async::awaitable<> watch_certificates(std::vector<config::watched_certificate> certificates, async::clock& time,
                                      async::thread_pool& io, observe::log& log);

}  // namespace waypost::daemon
