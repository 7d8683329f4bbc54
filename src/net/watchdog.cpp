#include "waypost/net/watchdog.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace waypost::net {

void watchdog::expect_within(async::duration limit) {
    limit_ = clock_->now() + limit;
    if (limit_ < asleep_until_) sooner_.notify();
}

async::awaitable<> watchdog::run() {
    using namespace boost::asio::experimental::awaitable_operators;
    for (;;) {
        if (clock_->now() >= limit_) {
            expired_ = true;
            limit_ = async::time_point::max();
            stream_->cancel();
        }
        asleep_until_ = limit_;
        co_await (clock_->sleep_until(asleep_until_) || sooner_.wait());
    }
}

}  // namespace waypost::net
