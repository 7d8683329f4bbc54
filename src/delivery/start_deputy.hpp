// Brings a deputy into being: this executable once more, as `waypost deputy UID GID`, with a socket as its standard
// input and nothing else of ours.
#pragma once

#include <functional>

#include "descriptor.hpp"
#include "job.hpp"
#include "waypost/base/result.hpp"

namespace waypost::delivery {

struct started_deputy {
    descriptor socket;   // our end
    descriptor process;  // becomes readable when the deputy has ended
};

/// Blocks, so it is called off the loop. Tests put one of theirs in its place.
using deputy_starter = std::function<base::result<started_deputy>(identity)>;

[[nodiscard]] base::result<started_deputy> start_deputy(identity identity);

/// Whether its user, who may send it signals, has stopped it: it does nothing then, and holds its place.
[[nodiscard]] bool is_stopped(int process) noexcept;

/// Ends one that does not end by itself.
void kill_deputy(int process) noexcept;

/// How it ended, for the log: empty when in order. Takes the ended process off the system's list.
[[nodiscard]] std::string bury_deputy(int process);

}  // namespace waypost::delivery
