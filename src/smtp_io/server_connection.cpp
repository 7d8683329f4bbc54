#include "waypost/smtp_io/server_connection.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "waypost/smtp/server_session.hpp"

namespace waypost::smtp_io {

namespace {

// RFC 4954 section 4: a line of a SASL exchange may have 12,288 octets; every other command is far shorter.
constexpr std::size_t longest_command = 12288;
constexpr std::size_t read_buffer = 16384;
// A client that sends one line without end is heard for this long and no longer.
constexpr std::size_t most_discarded = 1U << 20;
// For the last words to a client that took too long.
constexpr std::chrono::seconds farewell_limit{5};
// And to one whose server stops: all of them together must fit into its grace.
constexpr std::chrono::seconds shutdown_farewell_limit{1};
// Content may stall, or come slowly, for so long before its average rate counts.
constexpr std::chrono::minutes slow_start{10};

}  // namespace

server_connection::server_connection(const async::executor& executor, std::unique_ptr<net::stream> client,
                                     async::clock& time, const server_time_limits& limits, std::size_t min_rate)
    : client_(std::move(client)),
      clock_(time),
      limits_(limits),
      min_rate_(min_rate),
      watchdog_(executor, *client_, time),
      lines_(read_buffer, longest_command),
      last_accepted_(time.now()) {}

// --- input

async::awaitable<std::optional<client_line>> server_connection::next_line() {
    while (!is_ending_) {
        if (auto line = take_line()) co_return line;
        if (!co_await flush()) break;
        if (lines_.discarded() > most_discarded) co_return client_line{.type = client_line::kind::without_end};
        if (is_ending_ || !co_await read(awaited::command, time_for_command())) break;
    }
    co_return std::nullopt;
}

std::optional<client_line> server_connection::take_line() {
    using kind = client_line::kind;
    const smtp::line next = lines_.next_line();
    switch (next.kind) {
        case smtp::line_kind::whole: return client_line{kind::whole, next.text, !lines_.pending().empty()};
        case smtp::line_kind::too_long: return client_line{.type = kind::too_long};
        case smtp::line_kind::bare: return client_line{.type = kind::bare};
        case smtp::line_kind::none: break;
    }
    if (has_tls_ || !smtp::looks_like_tls(lines_.pending())) return std::nullopt;
    return client_line{.type = kind::tls_hello, .text = lines_.pending()};
}

void server_connection::begin_content() {
    waited_for_content_ = {};
    content_octets_ = 0;
}

async::awaitable<bool> server_connection::read_content() {
    if (ends_now_) co_return false;
    const auto start = clock_.now();
    const std::size_t before = lines_.pending().size();
    const bool has_more = co_await read(awaited::content, time_for_content());
    waited_for_content_ += clock_.now() - start;
    content_octets_ += lines_.pending().size() - before;
    co_return has_more;
}

async::awaitable<bool> server_connection::read(awaited input, async::duration limit) {
    watchdog_.expect_within(limit);
    awaited_ = input;
    const auto octets = co_await client_->read_some(lines_.free_space());
    awaited_ = awaited::nothing;
    if (octets.has_error()) {
        end_reason_ = watchdog_.expired() ? "timeout" : "connection lost";
        if (octets.error() == net::errc::end_of_stream) end_reason_ = "closed by the client";
        co_return false;
    }
    lines_.filled(*octets);
    co_return true;
}

async::duration server_connection::time_for_command() const {
    const async::duration left = last_accepted_ + limits_.session - clock_.now();
    return std::min<async::duration>(limits_.command, left);
}

/// A piece must come in time, and all together at a rate that gets somewhere. Only the time counts that we waited for
/// the client: a slow disk is not its fault.
async::duration server_connection::time_for_content() const {
    if (min_rate_ == 0) return limits_.content;
    const auto earned = slow_start + std::chrono::seconds(content_octets_ / min_rate_);
    return std::min<async::duration>(limits_.content, earned - waited_for_content_);
}

// --- output

void server_connection::last_reply(const smtp::reply& answer) {
    reply(answer);
    has_said_last_ = true;
}

async::awaitable<bool> server_connection::flush() { return flush(limits_.write); }

async::awaitable<bool> server_connection::flush_at_shutdown() { return flush(shutdown_farewell_limit); }

async::awaitable<bool> server_connection::flush(async::duration limit) {
    if (out_.empty()) co_return true;
    watchdog_.expect_within(limit);
    is_writing_ = true;
    const auto written = co_await client_->write(out_);
    is_writing_ = false;
    out_.clear();
    watchdog_.pause();
    if (written.has_error()) end_reason_ = watchdog_.expired() ? "timeout" : "connection lost";
    co_return written.has_value();
}

async::awaitable<base::result<net::tls_info>> server_connection::start_tls(const net::tls_context& context) {
    lines_.clear();
    watchdog_.expect_within(limits_.handshake);
    awaited_ = awaited::handshake;
    auto agreed = co_await client_->start_tls_server(context);
    awaited_ = awaited::nothing;
    has_tls_ = agreed.has_value();
    if (!has_tls_) {
        end_reason_ = "tls failed";
        can_write_ = false;
    }
    co_return agreed;
}

// --- the end

async::duration server_connection::farewell_time() const {
    return is_ending_ ? shutdown_farewell_limit : farewell_limit;
}

async::awaitable<> server_connection::finish() {
    if (can_write_ && co_await flush(farewell_time())) co_await linger();
}

/// Lets the client read our last words: closing a socket with unread input makes the kernel throw them away.
async::awaitable<> server_connection::linger() {
    client_->end_writing();
    watchdog_.expect_within(farewell_time());
    awaited_ = awaited::farewell;
    for (std::size_t heard = 0; heard < most_discarded;) {
        lines_.clear();
        const auto octets = co_await client_->read_some(lines_.free_space());
        if (octets.has_error()) co_return;
        heard += *octets;
    }
}

async::awaitable<> server_connection::speak_at_shutdown() {
    using namespace boost::asio::experimental::awaitable_operators;
    if (out_.empty()) co_return;
    const std::string words = std::exchange(out_, {});
    co_await (client_->write(words) || clock_.sleep_for(shutdown_farewell_limit));
    client_->end_writing();
}

void server_connection::end_soon() {
    is_ending_ = true;
    if (awaited_ == awaited::command) client_->cancel();
    if (awaited_ == awaited::farewell) watchdog_.expect_within(shutdown_farewell_limit);
}

void server_connection::end_now() {
    ends_now_ = true;
    if (awaited_ == awaited::content || awaited_ == awaited::handshake) client_->cancel();
}

}  // namespace waypost::smtp_io
