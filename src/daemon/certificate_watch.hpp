// Once a day each certificate in use is looked at, and what is wrong with it is logged: the first that hears of an
// expired certificate should not be a peer.
#pragma once

#include <memory>

#include "waypost/async/clock.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/config/load/load.hpp"
#include "waypost/observe/log.hpp"

namespace waypost::daemon {

/// Until it is cancelled. All of it outlives this; `current` may come to be another. What is wrong at the start was
/// said when it was loaded.
async::awaitable<> watch_certificates(const std::shared_ptr<const config::generation>& current, async::clock& time,
                                      async::thread_pool& io, observe::log& log);

}  // namespace waypost::daemon
