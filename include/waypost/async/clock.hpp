// Time as something that is handed in, so that tests own it.
//
// now() never jumps and is for pauses and time limits; wall() is the calendar's, for what is written down (queue rows,
// Date fields) and may jump when an administrator sets it.
#pragma once

#include <chrono>

#include "waypost/async/awaitable.hpp"

namespace waypost::async {

using time_point = std::chrono::steady_clock::time_point;
using wall_time = std::chrono::system_clock::time_point;
using duration = std::chrono::steady_clock::duration;

class clock {
public:
    virtual ~clock() = default;
    [[nodiscard]] virtual time_point now() const = 0;
    [[nodiscard]] virtual wall_time wall() const = 0;
    /// Returns at `when` or as soon as the coroutine is cancelled.
    virtual awaitable<> sleep_until(time_point time) = 0;

    awaitable<> sleep_for(duration pause) { return sleep_until(now() + pause); }
};

/// The machine's own clocks and Asio's timers.
class real_clock final : public clock {
public:
    [[nodiscard]] time_point now() const override { return std::chrono::steady_clock::now(); }
    [[nodiscard]] wall_time wall() const override { return std::chrono::system_clock::now(); }
    awaitable<> sleep_until(time_point time) override;
};

}  // namespace waypost::async
