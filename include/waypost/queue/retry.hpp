// When to try again, when to warn and when to give up: arithmetic on times, as OpenSMTPD's schedule, and spread a
// little so that what was deferred together does not come back together.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "waypost/async/clock.hpp"

namespace waypost::queue {

struct retry_settings {
    std::chrono::seconds base{400};        // the n-th next try is at creation + base * n * n
    std::chrono::seconds local_base{10};   // the same for local delivery
    std::chrono::seconds longest{std::chrono::hours(4)};  // no pause is longer
    unsigned jitter_percent = 10;                          // of each pause; it ends up to so much sooner
};

/// The first moment of the schedule that is after `now`.
[[nodiscard]] async::wall_time next_try(std::chrono::seconds base, std::chrono::seconds longest,
                                        async::wall_time created, unsigned tries, async::wall_time now);

/// Takes up to `percent` of the pause between `now` and `moment` away: how much, `seed` says, and always the same.
/// Whole seconds, so that what belongs together stays together; still after `now`.
[[nodiscard]] async::wall_time spread(async::wall_time moment, async::wall_time now, unsigned percent,
                                      std::uint64_t seed);

/// Whether a warning is owed: the next try lies after creation + the interval that follows the `sent` ones.
[[nodiscard]] bool warning_owed(const std::vector<std::chrono::seconds>& intervals, unsigned sent,
                                async::wall_time created, async::wall_time next);

}  // namespace waypost::queue
