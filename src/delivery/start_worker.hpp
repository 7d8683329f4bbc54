// Brings a delivery worker into being: this executable once more, as `waypost delivery worker UID GID`, with a socket
// as its standard input and nothing else of ours.
#pragma once

#include <functional>

#include "descriptor.hpp"
#include "job.hpp"
#include "waypost/base/result.hpp"

namespace waypost::delivery {

struct started_worker {
    descriptor socket;   // our end
    descriptor process;  // becomes readable when the delivery worker has ended
};

/// Blocks, so it is called off the loop. Tests put one of theirs in its place.
using worker_starter = std::function<base::result<started_worker>(identity)>;

[[nodiscard]] base::result<started_worker> start_worker(identity identity);

/// Whether its user, who may send it signals, has stopped it: it does nothing then, and holds its place.
[[nodiscard]] bool is_stopped(int process) noexcept;

/// Ends one that does not end by itself.
void kill_worker(int process) noexcept;

/// How it ended, for the log: empty when in order. Takes the ended process off the system's list.
[[nodiscard]] std::string reap_worker(int process);

}  // namespace waypost::delivery
