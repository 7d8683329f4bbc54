// So many at a time, in the order of asking: for work of which only a few may be under way. A budget that is asked once
// and refused rather than waited for is async::permits.
//
// A coroutine that is cancelled while it waits leaves the line; one that is cancelled when its permit had been given to
// it already gives that to the next. Nothing of a loop is kept while nobody waits, so a semaphore may live longer than
// the loops that it is used on.
#pragma once

#include <boost/asio/this_coro.hpp>
#include <cstddef>
#include <list>
#include <utility>

#include "waypost/async/event.hpp"

namespace waypost::async {

class semaphore {
    struct waiter;

public:
    /// Given back when it ends. Must not outlive its semaphore.
    class permit {
    public:
        permit(permit&& source) noexcept : semaphore_(std::exchange(source.semaphore_, nullptr)) {}
        permit& operator=(permit&&) = delete;
        ~permit() {
            if (semaphore_ != nullptr) semaphore_->release();
        }

    private:
        friend class semaphore;
        explicit permit(semaphore& semaphore) : semaphore_(&semaphore) {}
        semaphore* semaphore_;
    };

    explicit semaphore(std::size_t limit) : free_(limit) {}
    semaphore(const semaphore&) = delete;
    semaphore& operator=(const semaphore&) = delete;

    awaitable<permit> acquire();
    [[nodiscard]] std::size_t waiting() const noexcept { return line_.size(); }

private:
    void release();

    std::size_t free_;  // 0 while anybody waits
    std::list<waiter*> line_;
};

}  // namespace waypost::async
