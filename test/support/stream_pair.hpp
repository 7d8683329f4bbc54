// Two ends of one connection on this machine, and what a test does with an end.
#pragma once

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <memory>
#include <string>

#include "support/run_until.hpp"
#include "waypost/async/clock.hpp"
#include "waypost/net/acceptor.hpp"
#include "waypost/net/connect.hpp"

namespace waypost::test {

struct stream_pair {
    std::unique_ptr<net::stream> server;
    std::unique_ptr<net::stream> client;
};

inline async::awaitable<stream_pair> connect_both(net::acceptor& at, async::clock& time, std::string path = {}) {
    using namespace boost::asio::experimental::awaitable_operators;
    const auto limit = std::chrono::seconds(10);
    auto connect = path.empty() ? net::connect_tcp(*at.local(), std::nullopt, time, limit)
                                : net::connect_unix(std::move(path), time, limit);
    auto [server, client] = co_await (at.accept() && std::move(connect));
    co_return stream_pair{std::move(server.value()), std::move(client.value())};
}

inline net::endpoint loopback(std::uint16_t port = 0) { return {boost::asio::ip::make_address("127.0.0.1"), port}; }

inline stream_pair tcp_pair(boost::asio::io_context& loop, async::clock& time) {
    auto listening = net::acceptor::tcp(loop.get_executor(), loopback());
    return finish(loop, connect_both(listening, time));
}

inline stream_pair unix_pair(boost::asio::io_context& loop, async::clock& time, const std::string& path) {
    auto listening = net::acceptor::unix_socket(loop.get_executor(), path, 0600);
    return finish(loop, connect_both(listening, time, path));
}

/// Exactly so many bytes, or as many as came before the end.
inline async::awaitable<std::string> read_exactly(net::stream& stream, std::size_t size) {
    std::string all(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        const auto bytes = co_await stream.read_some(std::span(all).subspan(have));
        if (bytes.has_error()) break;
        have += *bytes;
    }
    all.resize(have);
    co_return all;
}

inline async::awaitable<std::string> read_to_end(net::stream& stream) {
    std::string all;
    char piece[65536];
    for (;;) {
        const auto bytes = co_await stream.read_some(piece);
        if (bytes.has_error()) co_return all;
        all.append(piece, *bytes);
    }
}

}  // namespace waypost::test
