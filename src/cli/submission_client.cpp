#include "submission_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "waypost/async/alongside.hpp"
#include "waypost/net/connect.hpp"
#include "waypost/relay/conversation.hpp"

namespace waypost::cli {

namespace {

constexpr std::chrono::seconds connect_limit{10};
constexpr std::chrono::seconds write_limit{60};

async::awaitable<> converse(relay::conversation& daemon, const daemon::submission& what, mail::status& said) {
    auto pause = co_await daemon.pump();
    if (std::holds_alternative<smtp::idle>(pause)) {
        auto content = std::make_shared<const spool::content>(std::string(), what.content);
        // A program that is told "no" must not find half of its mail sent.
        smtp::client_transaction all{.from = what.from, .to = what.to, .size = content->size(), .all_or_none = true};
        all.eight_bit = what.from.eight_bit;
        daemon.begin(std::move(all), content);
        pause = co_await daemon.pump();
    }
    if (const auto* failed = std::get_if<smtp::session_failed>(&pause)) {
        said = failed->said;
    } else if (const auto* done = std::get_if<smtp::transaction_done>(&pause)) {
        said = done->each.front();  // all have the same
        daemon.protocol().quit();
        co_await daemon.pump();
    }
}

async::awaitable<> hand_over(const std::string& path, const daemon::submission& what,
                             std::optional<mail::status>& said) {
    async::real_clock clock;
    auto stream = co_await net::connect_unix(path, clock, connect_limit);
    if (stream.has_error()) co_return;
    relay::conversation daemon(
        co_await boost::asio::this_coro::executor, std::move(*stream), clock,
        {.helo = "localhost", .lmtp = false, .tls = smtp::client_tls::never, .authenticate = false}, "the daemon",
        write_limit);
    said = mail::status::transient("4.4.2", "The daemon ended the session");
    co_await async::alongside(daemon.keep_time(), converse(daemon, what, *said));
}

}  // namespace

std::optional<mail::status> submit_to_daemon(const std::string& socket_path, const daemon::submission& what) {
    boost::asio::io_context loop(1);
    std::optional<mail::status> said;
    std::exception_ptr failed;
    boost::asio::co_spawn(loop, hand_over(socket_path, what, said), [&](std::exception_ptr why) { failed = why; });
    loop.run();
    if (failed != nullptr) std::rethrow_exception(failed);
    return said;
}

}  // namespace waypost::cli
