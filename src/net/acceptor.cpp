#include "waypost/net/acceptor.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstring>
#include <stdexcept>
#include <variant>

#include "socket_stream.hpp"

namespace waypost::net {

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using local_protocol = asio::local::stream_protocol;

[[noreturn]] void refuse(const std::string& place, const base::error_code& error) {
    throw std::runtime_error("cannot listen on " + place + ": " + error.message());
}

/// Removes a socket file that nobody listens on any more; a live one must not be taken over.
void remove_stale(const async::executor& executor, const std::string& path) {
    struct stat found{};
    if (lstat(path.c_str(), &found) != 0) return;
    if (!S_ISSOCK(found.st_mode))
        throw std::runtime_error("cannot listen on " + path + ": a file of that name is in the way");
    local_protocol::socket probe(executor);
    base::error_code code;
    probe.open(local_protocol(), code);
    if (!code) probe.native_non_blocking(true, code);
    if (!code) probe.connect(local_protocol::endpoint(path), code);
    if (!code) throw std::runtime_error("cannot listen on " + path + ": another process does");
    // Whatever else went wrong does not say that nobody listens there.
    if (code != asio::error::connection_refused) refuse(path, code);
    ::unlink(path.c_str());
}

}  // namespace

struct acceptor::state {
    std::variant<tcp::acceptor, local_protocol::acceptor> listening;
    std::string path;
};

acceptor::acceptor(std::unique_ptr<state> s) : state_(std::move(s)) {}
acceptor::acceptor(acceptor&&) noexcept = default;
acceptor::~acceptor() {
    if (state_ != nullptr) close();
}

acceptor acceptor::tcp(const async::executor& executor, const endpoint& endpoint) {
    const net::tcp::endpoint at(endpoint.ip, endpoint.port);
    net::tcp::acceptor listening(executor);
    base::error_code code;
    listening.open(at.protocol(), code);
    if (!code) listening.set_option(net::tcp::acceptor::reuse_address(true), code);
    if (!code && endpoint.ip.is_v6()) listening.set_option(asio::ip::v6_only(true), code);
    if (!code) listening.bind(at, code);
    if (!code) listening.listen(net::tcp::acceptor::max_listen_connections, code);
    if (code) refuse(to_string(endpoint), code);
    return acceptor(std::make_unique<state>(state{std::move(listening), {}}));
}

acceptor acceptor::unix_socket(const async::executor& executor, const std::string& path, unsigned mode) {
    remove_stale(executor, path);
    local_protocol::acceptor listening(executor);
    base::error_code code;
    listening.open(local_protocol(), code);
    if (code) refuse(path, code);
    // The file appears with bind(); until listen() nobody can connect to it, so its mode is right in time.
    try {
        listening.bind(local_protocol::endpoint(path), code);
    } catch (const boost::system::system_error& too_long) {
        code = too_long.code();
    }
    if (!code && ::chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) {
        code = base::error_code(errno, boost::system::system_category());
    }
    if (!code) listening.listen(net::tcp::acceptor::max_listen_connections, code);
    if (code) refuse(path, code);
    return acceptor(std::make_unique<state>(state{std::move(listening), path}));
}

namespace {

/// Null for a client that has gone again: it has no address any more, and is no error of ours.
std::unique_ptr<stream> stream_of(net::tcp::socket socket) {
    base::error_code gone;
    const auto remote = socket.remote_endpoint(gone);
    if (gone) return nullptr;
    const auto here = socket.local_endpoint(gone);
    const endpoint peer{unmapped(remote.address()), remote.port()};
    const endpoint local{unmapped(here.address()), here.port()};
    return std::make_unique<socket_stream>(std::move(socket), peer, local);
}

std::optional<unsigned> uid_of_peer(local_protocol::socket& socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
    return peer.uid;
}

std::unique_ptr<stream> stream_of(local_protocol::socket socket) {
    const auto uid = uid_of_peer(socket);
    return std::make_unique<socket_stream>(std::move(socket), std::nullopt, std::nullopt, uid);
}

async::awaitable<base::result<std::unique_ptr<stream>>> accept_tcp(net::tcp::acceptor& listening) {
    for (;;) {
        auto [code, socket] = co_await listening.async_accept(async::as_result);
        if (code) co_return code;
        if (auto client = stream_of(std::move(socket))) co_return client;
    }
}

async::awaitable<base::result<std::unique_ptr<stream>>> accept_local(local_protocol::acceptor& listening) {
    auto [code, socket] = co_await listening.async_accept(async::as_result);
    if (code) co_return code;
    co_return stream_of(std::move(socket));
}

}  // namespace

async::awaitable<base::result<std::unique_ptr<stream>>> acceptor::accept() {
    if (auto* internet = std::get_if<net::tcp::acceptor>(&state_->listening)) co_return co_await accept_tcp(*internet);
    co_return co_await accept_local(std::get<local_protocol::acceptor>(state_->listening));
}

std::unique_ptr<stream> acceptor::accept_connected() {
    const auto next = [](auto& listening) -> std::unique_ptr<stream> {
        for (;;) {
            base::error_code code;
            listening.non_blocking(true, code);
            auto socket = listening.accept(code);
            if (code) return nullptr;
            if (auto client = stream_of(std::move(socket))) return client;
        }
    };
    return std::visit(next, state_->listening);
}

void acceptor::close() {
    base::error_code ignored;
    std::visit([&](auto& listening) { listening.close(ignored); }, state_->listening);
    if (!state_->path.empty()) ::unlink(std::exchange(state_->path, {}).c_str());
}

std::optional<endpoint> acceptor::local() const {
    const auto* internet = std::get_if<net::tcp::acceptor>(&state_->listening);
    if (internet == nullptr) return std::nullopt;
    base::error_code code;
    const auto at = internet->local_endpoint(code);
    if (code) return std::nullopt;
    return endpoint{at.address(), at.port()};
}

}  // namespace waypost::net
