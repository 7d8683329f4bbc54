// Lets everything else that is ready go first. Work over many things does a bounded number of them, then this.
#pragma once

#include <boost/asio/post.hpp>

#include "waypost/async/awaitable.hpp"

namespace waypost::async {

inline awaitable<> next_turn() { co_await boost::asio::post(boost::asio::use_awaitable); }

}  // namespace waypost::async
