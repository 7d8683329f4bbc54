// The coroutine type of the house. Every coroutine runs on the one thread of the program's io_context.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace waypost::async {

template <class T = void>
using awaitable = boost::asio::awaitable<T>;
using executor = boost::asio::any_io_executor;

/// For Asio operations: the error code is an element of the answer, never an exception.
inline constexpr auto as_result = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace waypost::async
