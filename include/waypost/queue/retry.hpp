// When to try again, when to warn and when to give up: arithmetic on times, as OpenSMTPD's schedule.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "waypost/async/clock.hpp"

namespace waypost::queue {

struct retry_settings {
    std::chrono::seconds base{400};        // the n-th next try is at creation + base * n * n
    std::chrono::seconds local_base{10};   // the same for local delivery
    std::chrono::seconds longest{std::chrono::hours(4)};  // no pause is longer
};

/// The first moment of the schedule that is after `now`.
[[nodiscard]] async::wall_time next_try(std::chrono::seconds base, std::chrono::seconds longest,
                                        async::wall_time created, unsigned tries, async::wall_time now);

/// Whether a warning is owed: the next try lies after creation + the interval that follows the `sent` ones.
[[nodiscard]] bool warning_owed(const std::vector<std::chrono::seconds>& intervals, unsigned sent,
                                async::wall_time created, async::wall_time next);

}  // namespace waypost::queue
