// Lets a loop run until something has come about. Sockets and worker threads take their own time, so there is a
// deadline, which only a broken program reaches.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "waypost/async/awaitable.hpp"

namespace waypost::test {

inline constexpr std::chrono::seconds patience{20};

inline void run_until(boost::asio::io_context& loop, const std::function<bool()>& holds,
                      std::chrono::seconds longest = patience) {
    const auto deadline = std::chrono::steady_clock::now() + longest;
    // Without work of its own the loop would end while a worker thread still owes it an answer.
    const auto work = boost::asio::make_work_guard(loop);
    loop.restart();
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("what the test waits for never happens");
        loop.run_one_for(std::chrono::milliseconds(10));  // what holds may be made so by another thread
    }
}

/// Runs one coroutine until it has ended.
template <class T>
T finish(boost::asio::io_context& loop, async::awaitable<T> work) {
    // Shared, because a coroutine that was given up on may still end, with its loop.
    struct ending {
        std::optional<T> given;
        std::exception_ptr failed;
    };
    const auto end = std::make_shared<ending>();
    boost::asio::co_spawn(loop, std::move(work), [end](std::exception_ptr thrown, T value) {
        end->failed = thrown;
        end->given.emplace(std::move(value));
    });
    run_until(loop, [&end] { return end->given.has_value(); });
    if (end->failed) std::rethrow_exception(end->failed);
    return std::move(*end->given);
}

inline void finish(boost::asio::io_context& loop, async::awaitable<> work) {
    struct ending {
        bool is_over = false;
        std::exception_ptr failed;
    };
    const auto end = std::make_shared<ending>();
    boost::asio::co_spawn(loop, std::move(work), [end](std::exception_ptr thrown) {
        end->failed = thrown;
        end->is_over = true;
    });
    run_until(loop, [&end] { return end->is_over; });
    if (end->failed) std::rethrow_exception(end->failed);
}

/// Lets the loop do all that it can do now.
inline void settle(boost::asio::io_context& loop) {
    loop.restart();
    loop.poll();
}

}  // namespace waypost::test
