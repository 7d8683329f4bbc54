// The stream over a socket of the system, TCP or Unix, in clear or under TLS.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <optional>
#include <string>

#include "waypost/net/stream.hpp"

namespace waypost::net {

class socket_stream final : public stream {
public:
    using socket = boost::asio::generic::stream_protocol::socket;

    socket_stream(socket connected, std::optional<endpoint> peer, std::optional<endpoint> local,
                  std::optional<unsigned> peer_uid = std::nullopt);
    ~socket_stream() override;

    async::awaitable<base::result<std::size_t>> read_some(std::span<char> buffer) override;
    async::awaitable<base::result<>> write(std::span<const boost::asio::const_buffer> buffers) override;
    async::awaitable<base::result<tls_info>> start_tls_server(const tls_context& context) override;
    async::awaitable<base::result<tls_info>> start_tls_client(const tls_context& context,
                                                              const std::string& server_name) override;
    [[nodiscard]] std::string tls_fault() const override { return tls_fault_; }
    void cancel() override;
    void end_writing() override;
    void close() override;
    [[nodiscard]] std::optional<endpoint> peer() const override { return peer_; }
    [[nodiscard]] std::optional<endpoint> local() const override { return local_; }
    [[nodiscard]] std::optional<unsigned> peer_uid() const override { return peer_uid_; }

private:
    using tls_stream = boost::asio::ssl::stream<socket&>;

    [[nodiscard]] base::error_code translate(const base::error_code& code) const noexcept;
    async::awaitable<base::result<tls_info>> handshake(boost::asio::ssl::stream_base::handshake_type role);
    async::awaitable<base::result<>> write_clear(std::span<const boost::asio::const_buffer> buffers);
    async::awaitable<base::result<>> write_tls(std::span<const boost::asio::const_buffer> buffers);

    socket socket_;
    std::optional<tls_stream> tls_;
    std::string tls_out_;
    std::string tls_fault_;
    std::optional<endpoint> peer_;
    std::optional<endpoint> local_;
    std::optional<unsigned> peer_uid_;
    bool cancelled_ = false;
};

}  // namespace waypost::net
