// A clock that stands still until the test moves it.
//
// advance() goes from one moment that somebody sleeps until to the next, wakes the sleepers of that moment in the order
// in which they lay down, and lets the loop run until nothing is ready, before it goes on. So a test of days takes
// milliseconds, and goes the same way every time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>

#include "waypost/async/clock.hpp"

namespace waypost::test {

class virtual_clock final : public async::clock {
public:
    explicit virtual_clock(boost::asio::io_context& loop,
                           async::wall_time starts = async::wall_time(std::chrono::seconds(1'800'000'000)))
        : loop_(loop), wall_(starts) {}

    [[nodiscard]] async::time_point now() const override { return now_; }
    [[nodiscard]] async::wall_time wall() const override { return wall_; }
    async::awaitable<> sleep_until(async::time_point time) override;

    void advance(async::duration by);
    /// What is ready now runs, and no time passes.
    void settle();
    /// An administrator sets the calendar; now() goes on as if nothing had happened.
    void set_wall(async::wall_time time) { wall_ = time; }
    [[nodiscard]] std::size_t sleepers() const noexcept { return asleep_.size(); }
    /// The first moment that somebody sleeps until.
    [[nodiscard]] async::time_point next_alarm() const {
        return asleep_.empty() ? async::time_point::max() : asleep_.begin()->first;
    }

private:
    boost::asio::io_context& loop_;
    async::time_point now_ = async::time_point(std::chrono::hours(1000));
    async::wall_time wall_;
    std::multimap<async::time_point, boost::asio::steady_timer*> asleep_;
};

}  // namespace waypost::test
