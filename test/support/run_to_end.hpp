// Runs one coroutine on a loop of its own until it has ended, and hands back what it gave.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "waypost/async/awaitable.hpp"

namespace waypost::test {

template <class T>
T run_to_end(boost::asio::io_context& loop, async::awaitable<T> work) {
    std::optional<T> given;
    std::exception_ptr failed;
    boost::asio::co_spawn(loop, std::move(work), [&](std::exception_ptr thrown, T value) {
        failed = thrown;
        if (!thrown) given.emplace(std::move(value));
    });
    loop.restart();
    while (!given && !failed && loop.run_one() != 0) {}
    if (failed) std::rethrow_exception(failed);
    if (!given) throw std::runtime_error("the coroutine waits for something that never happens");
    return std::move(*given);
}

template <class T>
T run_to_end(async::awaitable<T> work) {
    boost::asio::io_context loop;
    return run_to_end(loop, std::move(work));
}

}  // namespace waypost::test
