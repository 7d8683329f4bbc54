// Wakes those who wait, and keeps nothing of their loop while nobody does: a table may live longer than a loop that it
// was asked on.
#pragma once

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <vector>

#include "waypost/async/event.hpp"

namespace waypost::table {

class wait_list {
public:
    /// Returns at the next notify(), or as soon as the coroutine is cancelled.
    async::awaitable<> wait() {
        struct place {
            place(wait_list& wait_list, const async::executor& executor) : events(wait_list.waiting_), event(executor) {
                events.push_back(&event);
            }
            ~place() { std::erase(events, &event); }
            place(const place&) = delete;
            place& operator=(const place&) = delete;
            std::vector<async::event*>& events;
            async::event event;
        };
        place here(*this, co_await boost::asio::this_coro::executor);
        co_await here.event.wait();
    }
    void notify() {
        for (async::event* each : waiting_) each->notify();
    }

private:
    std::vector<async::event*> waiting_;
};

}  // namespace waypost::table
