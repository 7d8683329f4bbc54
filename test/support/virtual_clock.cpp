#include "virtual_clock.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <chrono>

namespace waypost::test {

async::awaitable<> virtual_clock::sleep_until(async::time_point time) {
    if (time <= now_) co_return;
    // Never expires; cancelling it, which a cancelled coroutine does too, is the alarm.
    boost::asio::steady_timer alarm(co_await boost::asio::this_coro::executor, async::time_point::max());
    struct bed {
        std::multimap<async::time_point, boost::asio::steady_timer*>& all;
        std::multimap<async::time_point, boost::asio::steady_timer*>::iterator place;
        ~bed() { all.erase(place); }
    };
    const bed mine{asleep_, asleep_.emplace(time, &alarm)};
    co_await alarm.async_wait(async::as_result);
}

void virtual_clock::settle() {
    loop_.restart();
    loop_.poll();
}

void virtual_clock::advance(async::duration by) {
    const async::time_point end = now_ + by;
    settle();
    while (next_alarm() <= end) {
        const async::time_point next = std::max(next_alarm(), now_);
        wall_ += std::chrono::duration_cast<async::wall_time::duration>(next - now_);
        now_ = next;
        const auto [first, last] = asleep_.equal_range(asleep_.begin()->first);
        for (auto each = first; each != last; ++each) each->second->cancel();
        settle();
    }
    wall_ += std::chrono::duration_cast<async::wall_time::duration>(end - now_);
    now_ = end;
}

}  // namespace waypost::test
