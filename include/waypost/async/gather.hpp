// Fans out over a list: every coroutine of it runs at once, and their values come back in its order.
//
// Returns when the last has ended. Cancellation is passed on to all of them; an exception of one (a bug) lets the
// others end and then comes out.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <utility>
#include <vector>

#include "waypost/async/awaitable.hpp"

namespace waypost::async {

template <class T>
awaitable<std::vector<T>> gather(std::vector<awaitable<T>> tasks) {
    namespace asio = boost::asio;
    if (tasks.empty()) co_return std::vector<T>();  // a group of none would never be ready
    const executor here = co_await asio::this_coro::executor;
    using operation = decltype(asio::co_spawn(here, std::declval<awaitable<T>>(), asio::deferred));
    std::vector<operation> started;
    started.reserve(tasks.size());
    for (awaitable<T>& one : tasks) started.push_back(asio::co_spawn(here, std::move(one), asio::deferred));
    tasks.clear();
    auto group = asio::experimental::make_parallel_group(std::move(started));
    auto [order, thrown, values] = co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    for (const std::exception_ptr& each : thrown) {
        if (each) std::rethrow_exception(each);
    }
    co_return std::move(values);
}

}  // namespace waypost::async
