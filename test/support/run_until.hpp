// Lets a loop run until something has come about. Sockets and worker threads take their own time, so there is a deadline,
// which only a broken program reaches.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <stdexcept>
#include <utility>

#include "waypost/async/awaitable.hpp"

namespace waypost::test {

inline constexpr std::chrono::seconds patience{20};

inline void run_until(boost::asio::io_context& loop, const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    // Without work of its own the loop would end while a worker thread still owes it an answer.
    const auto work = boost::asio::make_work_guard(loop);
    loop.restart();
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("what the test waits for never happens");
        loop.run_one_for(std::chrono::milliseconds(10));  // what holds may be made so by another thread
    }
}

/// Runs one coroutine until it has ended.
inline void finish(boost::asio::io_context& loop, async::awaitable<> work) {
    bool ended = false;
    std::exception_ptr failed;
    boost::asio::co_spawn(loop, std::move(work), [&](std::exception_ptr thrown) {
        failed = thrown;
        ended = true;
    });
    run_until(loop, [&] { return ended; });
    if (failed) std::rethrow_exception(failed);
}

template <class T>
T finish(boost::asio::io_context& loop, async::awaitable<T> work) {
    std::optional<T> given;
    const auto keep = [](async::awaitable<T> from, std::optional<T>& into) -> async::awaitable<> {
        into.emplace(co_await std::move(from));
    };
    finish(loop, keep(std::move(work), given));
    return std::move(*given);
}

/// Lets the loop do all that it can do now.
inline void settle(boost::asio::io_context& loop) {
    loop.restart();
    loop.poll();
}

}  // namespace waypost::test
