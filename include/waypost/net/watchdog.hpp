// A time limit on whatever waits on a stream.
//
// expect_within() only notes a moment, so the limit of every single command costs next to nothing: one timer per
// session wakes at the earliest moment that was noted and looks whether it still holds.
#pragma once

#include "waypost/async/awaitable.hpp"
#include "waypost/async/clock.hpp"
#include "waypost/async/event.hpp"
#include "waypost/net/stream.hpp"

namespace waypost::net {

class watchdog {
public:
    /// Both must outlive it.
    watchdog(const async::executor& executor, stream& stream, async::clock& time)
        : stream_(&stream), clock_(&time), sooner_(executor) {}

    void expect_within(async::duration limit);
    /// No limit: the session waits for something of ours.
    void pause() { limit_ = async::time_point::max(); }
    [[nodiscard]] bool expired() const noexcept { return expired_; }
    /// Runs beside the session until it is cancelled; cancels the stream whenever a limit has passed. The session may
    /// then set another one, for its last words.
    async::awaitable<> run();

private:
    stream* stream_;
    async::clock* clock_;
    async::event sooner_;
    async::time_point limit_ = async::time_point::max();
    async::time_point asleep_until_ = async::time_point::max();
    bool expired_ = false;
};

}  // namespace waypost::net
