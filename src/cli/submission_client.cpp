#include "submission_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "waypost/async/run_with.hpp"
#include "waypost/net/connect.hpp"
#include "waypost/smtp_io/client_connection.hpp"
#include "waypost/spool/content.hpp"

namespace waypost::cli {

namespace {

constexpr std::chrono::seconds write_limit{60};

mail::domain name_of(const smtp_io::client_connection& daemon) {
    const auto name = mail::domain::parse(daemon.protocol().server_name());
    return name ? *name : *mail::domain::parse("localhost");
}

void begin(smtp_io::client_connection& daemon, submission message) {
    auto content = std::make_shared<const spool::content>(std::string(), std::move(message.content));
    // A program that is told "no" must not find half of its mail sent.
    smtp::client_transaction all{.sender = message.sender,
                                 .recipients = std::move(message.recipients),
                                 .size = content->size(),
                                 .all_or_none = true};
    all.eight_bit = message.sender.eight_bit;
    daemon.begin(std::move(all), content);
}

async::awaitable<> converse(smtp_io::client_connection& daemon, draft message, mail::status& answer) {
    auto pause = co_await daemon.pump();
    if (std::holds_alternative<smtp::idle>(pause)) {
        begin(daemon, complete(std::move(message), name_of(daemon)));
        pause = co_await daemon.pump();
    }
    if (const auto* failed = std::get_if<smtp::session_failed>(&pause)) {
        answer = failed->status;
    } else if (const auto* done = std::get_if<smtp::transaction_done>(&pause)) {
        answer = done->statuses.front();  // all have the same
        daemon.protocol().quit();
        co_await daemon.pump();
    }
}

async::awaitable<> hand_over(process::descriptor socket, draft message, mail::status& answer) {
    async::real_clock clock;
    const auto executor = co_await boost::asio::this_coro::executor;
    smtp_io::client_connection daemon(
        executor, net::adopt_unix(executor, socket.release()), clock,
        {.helo = "localhost", .lmtp = false, .tls = smtp::client_tls::never, .authenticate = false}, "the daemon",
        write_limit);
    co_await async::run_with(daemon.keep_time(), converse(daemon, std::move(message), answer));
}

}  // namespace

mail::status submit(process::descriptor daemon, draft message) {
    boost::asio::io_context loop(1);
    mail::status answer = mail::status::transient("4.4.2", "The daemon ended the session");
    std::exception_ptr failed;
    boost::asio::co_spawn(loop, hand_over(std::move(daemon), std::move(message), answer),
                          [&](std::exception_ptr reason) { failed = reason; });
    loop.run();
    if (failed != nullptr) std::rethrow_exception(failed);
    return answer;
}

}  // namespace waypost::cli
