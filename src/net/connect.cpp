#include "waypost/net/connect.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>

#include "socket_stream.hpp"

namespace waypost::net {

namespace {

namespace asio = boost::asio;
using connected = base::result<std::unique_ptr<stream>>;

/// Connects within a limit: the loser of connection and clock is cancelled.
template <class Socket, class Endpoint>
async::awaitable<base::error_code> connect_within(Socket& socket, Endpoint endpoint, async::clock& time,
                                                  async::duration limit) {
    using namespace asio::experimental::awaitable_operators;
    const auto first = co_await (socket.async_connect(endpoint, async::as_result) || time.sleep_for(limit));
    if (first.index() == 1) co_return errc::timed_out;
    co_return std::get<0>(std::get<0>(first));
}

base::error_code bind_source(asio::ip::tcp::socket& socket, const address& source) {
    base::error_code code;
    socket.bind({source, 0}, code);
    return code;
}

}  // namespace

async::awaitable<connected> connect_tcp(endpoint to, std::optional<address> source, async::clock& time,
                                        async::duration limit) {
    const asio::ip::tcp::endpoint remote(to.ip, to.port);
    asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
    base::error_code code;
    socket.open(remote.protocol(), code);
    if (code) co_return code;
    if (source) {
        if (source->is_v4() != to.ip.is_v4()) co_return errc::no_such_family;
        if (bind_source(socket, *source)) co_return errc::cannot_bind;
    }
    if (code = co_await connect_within(socket, remote, time, limit); code) co_return code;
    const auto local = socket.local_endpoint(code);
    const endpoint here{local.address(), local.port()};
    co_return std::make_unique<socket_stream>(std::move(socket), to, here);
}

std::unique_ptr<stream> adopt_unix(const async::executor& executor, int descriptor) {
    using protocol = asio::local::stream_protocol;
    protocol::socket socket(executor, protocol(), descriptor);
    return std::make_unique<socket_stream>(std::move(socket), std::nullopt, std::nullopt);
}

async::awaitable<connected> connect_unix(std::string path, async::clock& time, async::duration limit) {
    using protocol = asio::local::stream_protocol;
    constexpr std::size_t longest_path = 107;  // sun_path holds 108 with its NUL
    if (path.size() > longest_path) co_return base::error_code(asio::error::name_too_long);
    protocol::socket socket(co_await asio::this_coro::executor);
    const protocol::endpoint remote(path);
    if (const auto code = co_await connect_within(socket, remote, time, limit); code) co_return code;
    co_return std::make_unique<socket_stream>(std::move(socket), std::nullopt, std::nullopt);
}

}  // namespace waypost::net
