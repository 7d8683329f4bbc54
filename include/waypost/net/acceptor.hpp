// A listening socket, TCP or Unix. Opening one is a start that may fail, so it throws with the address in the message.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>
#include <string>

#include "waypost/async/awaitable.hpp"
#include "waypost/base/result.hpp"
#include "waypost/net/endpoint.hpp"
#include "waypost/net/stream.hpp"

namespace waypost::net {

class acceptor {
public:
    /// Backlog is the system's maximum: a burst of clients must not be refused by the kernel. IPv6 sockets are v6 only.
    static acceptor tcp(const async::executor& executor, const endpoint& endpoint);
    /// A stale socket file is replaced; the mode is set before anybody can connect.
    static acceptor unix_socket(const async::executor& executor, const std::string& path, unsigned mode);

    acceptor(acceptor&&) noexcept;
    ~acceptor();

    async::awaitable<base::result<std::unique_ptr<stream>>> accept();
    /// A client that has connected already; null when there is none. Never waits.
    [[nodiscard]] std::unique_ptr<stream> accept_connected();
    void close();
    /// With the port that the kernel chose, where 0 was asked for. None for a Unix socket.
    [[nodiscard]] std::optional<endpoint> local() const;

private:
    struct state;
    explicit acceptor(std::unique_ptr<state> s);
    std::unique_ptr<state> state_;
};

}  // namespace waypost::net
