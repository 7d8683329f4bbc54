// Work with something that must happen beside it or after it, however the work ends.
#pragma once

#include <boost/asio/this_coro.hpp>
#include <exception>

#include "waypost/async/awaitable.hpp"
#include "waypost/async/task_group.hpp"

namespace waypost::async {

/// Does `work`, then `clean_up`: also when the work threw or was cancelled, and a cancelled clean-up still runs to its
/// end. An exception of `work` comes out afterwards.
///
/// A cancelled coroutine throws at its next co_await, which would be the one of its clean-up; hence
/// throw_if_cancelled(false). The request itself is kept: whoever awaits this throws at his own next co_await.
inline awaitable<> finally(awaitable<> work, awaitable<> clean_up) {
    std::exception_ptr failed;
    try {
        co_await std::move(work);
    } catch (...) {
        failed = std::current_exception();
    }
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    co_await std::move(clean_up);
    co_await boost::asio::this_coro::throw_if_cancelled(true);
    if (failed != nullptr) std::rethrow_exception(failed);
}

/// Runs `companion` for as long as `work` works: a time limit beside a session. Returns when both have ended.
inline awaitable<> run_with(awaitable<> companion, awaitable<> work) {
    task_group beside(co_await boost::asio::this_coro::executor);
    beside.start(std::move(companion));
    co_await finally(std::move(work), beside.stop());
}

}  // namespace waypost::async
