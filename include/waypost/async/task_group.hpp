// Owns coroutines: every one that runs beside its caller was started in a group, and ends with it.
//
// Invariant: after `co_await stop()` no coroutine of the group runs or will run. A group must be stopped, or have
// become empty by itself, before it is destroyed. An exception out of a member is a bug; it goes to `on_bug` and ends
// that member alone.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

#include "waypost/async/awaitable.hpp"

namespace waypost::async {

class task_group {
public:
    using bug_handler = std::function<void(std::exception_ptr)>;

    explicit task_group(executor executor, bug_handler on_bug = {});
    ~task_group();
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    /// Takes a coroutine over; it begins at the loop's next turn, never within this call. Its parameters must be values
    /// (or things that outlive the group). Ignored once stopping.
    void start(awaitable<> work);
    /// Asks every member to end (cancellation) and returns when the last has. A coroutine that may itself be cancelled
    /// awaits it by way of finally() (run_with.hpp).
    awaitable<> stop();
    /// Returns when the group is empty, without asking anybody to end.
    awaitable<> join();
    [[nodiscard]] std::size_t size() const noexcept;

private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace waypost::async
