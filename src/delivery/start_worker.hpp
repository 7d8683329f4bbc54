// Brings a delivery worker into being: this executable once more, as `waypost delivery-worker UID GID`, with a socket
// as its standard input and nothing else of ours.
#pragma once

#include <functional>

#include "waypost/process/descriptor.hpp"
#include "worker_protocol.hpp"

namespace waypost::delivery {

struct started_worker {
    process::descriptor socket;   // our end
    process::descriptor pidfd;   // readable when the delivery worker has ended
};

/// Blocks, so it is called off the loop. Tests put one of theirs in its place.
using worker_starter = std::function<base::result<started_worker>(identity)>;

[[nodiscard]] base::result<started_worker> start_worker(identity identity);

}  // namespace waypost::delivery
