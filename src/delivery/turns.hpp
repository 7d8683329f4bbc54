// One at a time for each key, in the order of asking: for what may not be done by two at once, as writing to an mbox.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>

#include "waypost/async/event.hpp"

namespace waypost::delivery {

class turns {
    struct waiter {
        explicit waiter(const async::executor& executor) : called(executor) {}
        async::event called;
        bool has_turn = false;
    };

public:
    /// The turn ends with it.
    class turn {
    public:
        turn(turn&& source) noexcept : turns_(std::exchange(source.turns_, nullptr)), key_(std::move(source.key_)) {}
        turn& operator=(turn&&) = delete;
        ~turn() {
            if (turns_ != nullptr) turns_->next(key_);
        }

    private:
        friend class turns;
        turn(turns& turns, std::string key) : turns_(&turns), key_(std::move(key)) {}
        turns* turns_;
        std::string key_;
    };

    explicit turns(async::executor executor) : executor_(std::move(executor)) {}

    async::awaitable<turn> take(std::string key) {
        const auto [mine, is_free] = waiting_.try_emplace(key);
        if (is_free) co_return turn(*this, std::move(key));
        waiter me(executor_);
        mine->second.push_back(&me);
        struct leave_line {  // where the wait is cancelled
            delivery::turns& turns;
            const std::string& key;
            waiter& me;
            bool stays = false;
            ~leave_line() {
                if (stays) return;
                if (me.has_turn) {
                    turns.next(key);
                } else {
                    std::erase(turns.waiting_.at(key), &me);
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
