// Moments at which something is to be looked at again. However many they are, one coroutine sleeps, until the first;
// and of many that come together a few are dealt with in each turn of the loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "waypost/async/clock.hpp"
#include "waypost/async/event.hpp"

namespace waypost::relay {

class alarms {
public:
    /// `time` outlives it.
    alarms(const async::executor& executor, async::clock& time) : clock_(time), sooner_(executor) {}

    /// `call` is called once, out of run(), unless it is cancelled before.
    std::uint64_t set(async::time_point time, std::function<void()> call);
    void cancel(async::time_point time, std::uint64_t number) { set_.erase({time, number}); }
    [[nodiscard]] std::size_t size() const noexcept { return set_.size(); }
    /// True if the caller is to start run() now: there are alarms, and it does not run.
    [[nodiscard]] bool needs_run() noexcept { return !set_.empty() && !std::exchange(running_, true); }
    /// Until there are none left.
    async::awaitable<> run();

private:
    using key = std::pair<async::time_point, std::uint64_t>;

    async::clock& clock_;
    async::event sooner_;
    std::map<key, std::function<void()>> set_;
    std::uint64_t last_number_ = 0;
    bool running_ = false;
};

}  // namespace waypost::relay
