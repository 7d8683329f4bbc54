// Wakes coroutines. notify() lets everyone who waits at this moment go on; nobody waits for a notify() of the past, so
// the waiter checks its condition first: `while (!ready) co_await changed.wait();`
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "waypost/async/awaitable.hpp"

namespace waypost::async {

class event {
public:
    explicit event(const executor& executor);
    /// Returns at the next notify(), or as soon as the coroutine is cancelled.
    awaitable<> wait();
    void notify();

private:
    boost::asio::steady_timer timer_;  // never expires; cancelling it is the notification
};

}  // namespace waypost::async
