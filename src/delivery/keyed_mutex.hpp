// One at a time for each key, in the order of asking: for what may not be done by two at once, as writing to an mbox.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "waypost/async/semaphore.hpp"

namespace waypost::delivery {

class keyed_mutex {
    struct line {
        async::semaphore one{1};
        std::size_t users = 0;  // who has the turn, and who waits for it
    };
    using lines = std::map<std::string, line>;

    /// A key has a line while somebody uses it.
    class place {
    public:
        place(lines& lines, lines::iterator line) : lines_(&lines), line_(line) { ++line_->second.users; }
        place(place&& source) noexcept : lines_(std::exchange(source.lines_, nullptr)), line_(source.line_) {}
        place& operator=(place&&) = delete;
        ~place() {
            if (lines_ != nullptr && --line_->second.users == 0) lines_->erase(line_);
        }
        [[nodiscard]] async::semaphore& one() const noexcept { return line_->second.one; }

    private:
        lines* lines_;
        lines::iterator line_;
    };

public:
    /// The turn ends with it.
    class turn {
    private:
        friend class keyed_mutex;
        turn(place place, async::semaphore::permit permit) : place_(std::move(place)), permit_(std::move(permit)) {}
        place place_;
        async::semaphore::permit permit_;  // after the place, which outlives it
    };

    async::awaitable<turn> take(std::string key) {
        place mine(lines_, lines_.try_emplace(std::move(key)).first);
        auto permit = co_await mine.one().acquire();
        co_return turn(std::move(mine), std::move(permit));
    }

private:
    lines lines_;
};

}  // namespace waypost::delivery
