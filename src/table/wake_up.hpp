// Wakes those who wait, and keeps nothing of their loop while nobody does: a table may live longer than a loop that it
// was asked on.
#pragma once

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <vector>

#include "waypost/async/event.hpp"

namespace waypost::table {

class wake_up {
public:
    /// Returns at the next notify(), or as soon as the coroutine is cancelled.
    async::awaitable<> wait() {
        struct place {
            place(wake_up& of, const async::executor& where) : in(of.waiting_), mine(where) { in.push_back(&mine); }
            ~place() { std::erase(in, &mine); }
            place(const place&) = delete;
            place& operator=(const place&) = delete;
            std::vector<async::event*>& in;
            async::event mine;
        };
        place here(*this, co_await boost::asio::this_coro::executor);
        co_await here.mine.wait();
    }
    void notify() {
        for (async::event* each : waiting_) each->notify();
    }

private:
    std::vector<async::event*> waiting_;
};

}  // namespace waypost::table
