// Runs one coroutine for as long as another one works: a time limit beside a session.
#pragma once

#include <boost/asio/this_coro.hpp>
#include <exception>

#include "waypost/async/awaitable.hpp"
#include "waypost/async/task_group.hpp"

namespace waypost::async {

/// Returns when `work` has ended, after `companion` was cancelled and has ended too. An exception of `work` comes out.
inline awaitable<> alongside(awaitable<> companion, awaitable<> work) {
    task_group beside(co_await boost::asio::this_coro::executor);
    beside.start(std::move(companion));
    std::exception_ptr failed;
    try {
        co_await std::move(work);
    } catch (...) {
        failed = std::current_exception();
    }
    co_await beside.stop();
    if (failed != nullptr) std::rethrow_exception(failed);
}

}  // namespace waypost::async
