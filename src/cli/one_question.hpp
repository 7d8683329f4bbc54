// What a command needs that asks one question as the daemon would, and ends: a loop, workers and a clock.
#pragma once

#include <boost/asio/io_context.hpp>

#include "waypost/async/awaitable.hpp"
#include "waypost/async/clock.hpp"
#include "waypost/async/offload.hpp"

namespace waypost::cli {

struct one_question {
    boost::asio::io_context loop{1};
    async::thread_pool io{1};  // ends before the loop, to which it hands its answers
    async::real_clock clock;

    /// Runs it to its end, once. The exit code that it gives, or EX_SOFTWARE after a bug was printed.
    int exit_code_of(async::awaitable<int> question);
};

}  // namespace waypost::cli
