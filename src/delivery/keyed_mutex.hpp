// One at a time for each key, in the order of asking: for what may not be done by two at once, as writing to an mbox.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>

#include "waypost/async/event.hpp"

namespace waypost::delivery {

class keyed_mutex {
    struct waiter {
        explicit waiter(const async::executor& executor) : called(executor) {}
        async::event called;
        bool has_turn = false;
    };

public:
    /// The turn ends with it.
    class turn {
    public:
        turn(turn&& source) noexcept : mutex_(std::exchange(source.mutex_, nullptr)), key_(std::move(source.key_)) {}
        turn& operator=(turn&&) = delete;
        ~turn() {
            if (mutex_ != nullptr) mutex_->next(key_);
        }

    private:
        friend class keyed_mutex;
        turn(keyed_mutex& keyed_mutex, std::string key) : mutex_(&keyed_mutex), key_(std::move(key)) {}
        keyed_mutex* mutex_;
        std::string key_;
    };

    explicit keyed_mutex(async::executor executor) : executor_(std::move(executor)) {}

    async::awaitable<turn> take(std::string key) {
        const auto [mine, is_free] = waiting_.try_emplace(key);
        if (is_free) co_return turn(*this, std::move(key));
        waiter me(executor_);
        mine->second.push_back(&me);
        struct leave_line {  // where the wait is cancelled
            delivery::keyed_mutex& keyed_mutex;
            const std::string& key;
            waiter& me;
            bool stays = false;
            ~leave_line() {
                if (stays) return;
                if (me.has_turn) {
                    keyed_mutex.next(key);
                } else {
                    std::erase(keyed_mutex.waiting_.at(key), &me);
                }
            }
        };
        leave_line at_the_end{*this, key, me};
        while (!me.has_turn) co_await me.called.wait();
        at_the_end.stays = true;
        co_return turn(*this, std::string(key));
    }

private:
    void next(const std::string& key) {
        const auto found = waiting_.find(key);
        if (found->second.empty()) {
            waiting_.erase(found);
            return;
        }
        waiter& first = *found->second.front();
        found->second.pop_front();
        first.has_turn = true;
        first.called.notify();
    }

    async::executor executor_;
    std::map<std::string, std::deque<waiter*>> waiting_;  // a key is there while somebody has its turn
};

}  // namespace waypost::delivery
