#include "waypost/daemon/serve.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "stray_signals.hpp"
#include "waypost/daemon/assemble.hpp"

namespace waypost::daemon {

namespace {

/// Until the first signal that ends the program, then its orderly end.
async::awaitable<> until_signalled(assembly& house) {
    boost::asio::signal_set signals(co_await boost::asio::this_coro::executor, SIGTERM, SIGINT, SIGHUP);
    for (;;) {
        const auto [failed, number] = co_await signals.async_wait(async::as_result);
        if (failed || number != SIGHUP) break;
        house.log().warn("daemon", "reload-not-built",
                         {{"what", "SIGHUP is ignored; restart to load a new configuration"}});
    }
    // A second one ends the process at once, and loses nothing either.
    signals.remove(SIGTERM);
    signals.remove(SIGINT);
    co_await house.stop();
}

}  // namespace

void serve(async::thread_pool& io, std::shared_ptr<config::generation> settings) {
    // A peer that has gone shows as an error of the write, in its own session.
    std::signal(SIGPIPE, SIG_IGN);
    constexpr int one_thread = 1;
    boost::asio::io_context loop(one_thread);
    assembly house(loop, io, std::move(settings));
    house.start();

    std::exception_ptr failed;
    boost::asio::co_spawn(loop, until_signalled(house), [&](std::exception_ptr why) {
        failed = why;
        loop.stop();
    });
    loop.run();
    ignore_stray_signals();  // asio has made SIGHUP deadly again
    io.join();  // a worker may still be handing its answer to the loop
    if (failed != nullptr) std::rethrow_exception(failed);
}

}  // namespace waypost::daemon
