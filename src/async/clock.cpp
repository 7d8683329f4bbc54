#include "waypost/async/clock.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace waypost::async {

awaitable<> real_clock::sleep_until(time_point time) {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
    co_await timer.async_wait(as_result);
}

}  // namespace waypost::async
