// A byte stream to one peer: TCP, a Unix socket, either of them under TLS, or a pair in memory for tests.
//
// One coroutine reads and one writes at a time. A stream that gave an error is good for close() only, but that after a
// failed write what had come before can be read. cancel() makes
// whatever waits on it give errc::timed_out; the watchdog uses it for time limits.
#pragma once

#include <boost/asio/buffer.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "waypost/async/awaitable.hpp"
#include "waypost/base/result.hpp"
#include "waypost/net/endpoint.hpp"

namespace waypost::net {

class tls_context;

enum class errc { end_of_stream = 1, timed_out, tls_failed, certificate_refused, no_such_family, cannot_bind };
[[nodiscard]] base::error_code make_error_code(errc value) noexcept;

/// What TLS agreed on, for the log and for the Received field.
struct tls_info {
    std::string version;           // "TLSv1.3"
    std::string cipher;            // "TLS_AES_256_GCM_SHA384"
    int bits = 0;
    bool peer_verified = false;
    bool resumed = false;          // a session that was agreed on before was taken up again
    std::string peer_name;         // the subject of the peer's certificate, escaped; empty without one
    std::string server_name;       // server side: the SNI asked for, escaped
};

class stream {
public:
    virtual ~stream() = default;
    /// At least one byte, or errc::end_of_stream when the peer has closed in order.
    virtual async::awaitable<base::result<std::size_t>> read_some(std::span<char> buffer) = 0;
    /// All bytes of all buffers, gathered into as few system calls as possible.
    virtual async::awaitable<base::result<>> write(std::span<const boost::asio::const_buffer> buffers) = 0;
    async::awaitable<base::result<>> write(std::string_view bytes);

    /// Puts TLS on the stream. As a server, `context` holds the certificates. As a client, `server_name` is sent as SNI
    /// and, if the context verifies, the certificate must be for it. On failure the stream is unusable and the error
    /// says whether TLS or the certificate was at fault; tls_fault() then has the reason in words.
    virtual async::awaitable<base::result<tls_info>> start_tls_server(const tls_context& context) = 0;
    virtual async::awaitable<base::result<tls_info>> start_tls_client(const tls_context& context,
                                                                      const std::string& server_name) = 0;
    [[nodiscard]] virtual std::string tls_fault() const = 0;

    virtual void cancel() = 0;
    /// Says that nothing more will be written. What the peer still sends can be read.
    virtual void end_writing() = 0;
    /// Drops the connection; never waits. Idempotent.
    virtual void close() = 0;

    /// None for a Unix socket.
    [[nodiscard]] virtual std::optional<endpoint> peer() const = 0;
    [[nodiscard]] virtual std::optional<endpoint> local() const = 0;
    /// The user whose program connected to our Unix socket, as the kernel noted it then.
    [[nodiscard]] virtual std::optional<unsigned> peer_uid() const { return std::nullopt; }
};

}  // namespace waypost::net

template <>
struct boost::system::is_error_code_enum<waypost::net::errc> : std::true_type {};
