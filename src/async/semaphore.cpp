#include "waypost/async/semaphore.hpp"

namespace waypost::async {

/// In the line until it is served.
struct semaphore::waiter {
    waiter(semaphore& semaphore, const executor& executor) : owner(semaphore), served(executor) {
        owner.line_.push_back(this);
    }
    ~waiter() {
        if (!is_served)
            owner.line_.remove(this);
        else if (!is_taken)
            owner.release();
    }
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;

    semaphore& owner;
    event served;
    bool is_served = false;
    bool is_taken = false;
};

awaitable<semaphore::permit> semaphore::acquire() {
    if (free_ > 0) {
        --free_;
        co_return permit(*this);
    }
    waiter mine(*this, co_await boost::asio::this_coro::executor);
    while (!mine.is_served) co_await mine.served.wait();
    mine.is_taken = true;
    co_return permit(*this);
}

void semaphore::release() {
    if (line_.empty()) {
        ++free_;
        return;
    }
    waiter& next = *line_.front();
    line_.pop_front();
    next.is_served = true;
    next.served.notify();
}

}  // namespace waypost::async
