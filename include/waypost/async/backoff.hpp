// A pause that doubles with each failure in a row. Arithmetic alone: the caller hands the time in and does the waiting.
#pragma once

#include <algorithm>

#include "waypost/async/clock.hpp"

namespace waypost::async {

class backoff {
public:
    struct limits {
        duration first{};
        duration longest{};
    };

    /// One more failure: a pause begins, of limits.first or twice as long as the last one.
    void begin(time_point now, const limits& limits) {
        pause_ = std::clamp(2 * pause_, limits.first, limits.longest);
        until_ = now + pause_;
    }
    /// The next pause is the first again; one that has begun goes on.
    void reset() noexcept { pause_ = {}; }
    /// Ends the pause. The next one is twice as long all the same, unless reset.
    void lift() noexcept { until_ = {}; }

    /// When the pause ends; the clock's beginning if there was none.
    [[nodiscard]] time_point until() const noexcept { return until_; }
    [[nodiscard]] duration pause() const noexcept { return pause_; }

private:
    time_point until_{};
    duration pause_{};
};

}  // namespace waypost::async
