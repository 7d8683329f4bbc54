#include "socket_stream.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/write.hpp>
#include <utility>

#include "system_roots.hpp"
#include "tls_sessions.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/net/tls_context.hpp"

namespace waypost::net {

namespace {

namespace asio = boost::asio;

constexpr auto text_of_errc = [](errc value) noexcept -> const char* {
    switch (value) {
        case errc::end_of_stream: return "the peer closed the connection";
        case errc::timed_out: return "the peer took too long";
        case errc::tls_failed: return "TLS could not be agreed on";
        case errc::certificate_refused: return "the peer's certificate was not accepted";
        case errc::no_such_family: return "the source address is of another family than the host's";
        case errc::cannot_bind: return "the source address is not one of this machine";
    }
    return "unknown";
};
const base::simple_category<errc> category("net", text_of_errc);

std::string name_of(X509_NAME* name) {
    char text[256] = {};
    X509_NAME_oneline(name, text, static_cast<int>(sizeof text) - 1);
    return base::printable(text);
}

tls_info describe(SSL* tls) {
    tls_info info;
    info.version = SSL_get_version(tls);
    info.cipher = SSL_get_cipher_name(tls);
    info.bits = SSL_get_cipher_bits(tls, nullptr);
    info.resumed = SSL_session_reused(tls) == 1;
    if (X509* certificate = SSL_get0_peer_certificate(tls); certificate != nullptr) {
        info.peer_name = name_of(X509_get_subject_name(certificate));
        info.peer_verified = SSL_get_verify_mode(tls) != SSL_VERIFY_NONE && SSL_get_verify_result(tls) == X509_V_OK;
    }
    if (const char* asked = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name); asked != nullptr) {
        info.server_name = base::printable(asked);
    }
    return info;
}

/// False if no certificate can be for this name; to go on would be to take any.
bool expect_name(SSL* tls, const std::string& server_name) {
    X509_VERIFY_PARAM* rules = SSL_get0_param(tls);
    if (const auto ip = parse_address(server_name)) {
        return X509_VERIFY_PARAM_set1_ip_asc(rules, ip->to_string().c_str()) == 1;
    }
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return !server_name.empty() && X509_VERIFY_PARAM_set1_host(rules, server_name.c_str(), server_name.size()) == 1;
}

}  // namespace

base::error_code make_error_code(errc value) noexcept { return {static_cast<int>(value), category}; }

async::awaitable<base::result<>> stream::write(std::string_view bytes) {
    const asio::const_buffer whole(bytes.data(), bytes.size());
    co_return co_await write(std::span(&whole, 1));
}

socket_stream::socket_stream(socket connected, std::optional<endpoint> peer, std::optional<endpoint> local,
                             std::optional<unsigned> peer_uid)
    : socket_(std::move(connected)), peer_(std::move(peer)), local_(std::move(local)), peer_uid_(peer_uid) {
    base::error_code ignored;
    socket_.non_blocking(true, ignored);
    // Replies and commands are written whole, so waiting for more to fill a segment only adds delay.
    if (peer_) socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

socket_stream::~socket_stream() = default;

base::error_code socket_stream::translate(const base::error_code& code) const noexcept {
    if (cancelled_) return errc::timed_out;
    if (code == asio::error::eof || code == asio::ssl::error::stream_truncated) return errc::end_of_stream;
    return code;
}

async::awaitable<base::result<std::size_t>> socket_stream::read_some(std::span<char> buffer) {
    const auto room = asio::buffer(buffer.data(), buffer.size());
    const auto [code, bytes] = tls_ ? co_await tls_->async_read_some(room, async::as_result)
                                    : co_await socket_.async_read_some(room, async::as_result);
    if (code) co_return translate(code);
    co_return bytes;
}

async::awaitable<base::result<>> socket_stream::write(std::span<const asio::const_buffer> buffers) {
    if (tls_) co_return co_await write_tls(buffers);
    co_return co_await write_clear(buffers);
}

// Most writes fit into the socket's buffer; those cost one system call and no turn of the loop.
async::awaitable<base::result<>> socket_stream::write_clear(std::span<const asio::const_buffer> buffers) {
    base::error_code code;
    std::size_t written = socket_.write_some(buffers, code);
    if (code && code != asio::error::would_block) co_return translate(code);
    for (const asio::const_buffer& buffer : buffers) {
        if (written >= buffer.size()) {
            written -= buffer.size();
            continue;
        }
        const auto rest = buffer + std::exchange(written, 0);
        const auto [failed, bytes] = co_await asio::async_write(socket_, asio::buffer(rest), async::as_result);
        if (failed) co_return translate(failed);
    }
    co_return base::result<>();
}

// TLS makes a record of every buffer that it is given, so small ones are put together first.
async::awaitable<base::result<>> socket_stream::write_tls(std::span<const asio::const_buffer> buffers) {
    tls_out_.clear();
    for (const asio::const_buffer& buffer : buffers) {
        tls_out_.append(static_cast<const char*>(buffer.data()), buffer.size());
    }
    const auto [failed, bytes] = co_await asio::async_write(*tls_, asio::buffer(tls_out_), async::as_result);
    if (failed) co_return translate(failed);
    co_return base::result<>();
}

async::awaitable<base::result<tls_info>> socket_stream::start_tls_server(const tls_context& context) {
    tls_.emplace(socket_, context.native());
    co_return co_await handshake(asio::ssl::stream_base::server);
}

async::awaitable<base::result<tls_info>> socket_stream::start_tls_client(const tls_context& context,
                                                                         const std::string& server_name) {
    co_await need_roots(context.native().native_handle());
    if (cancelled_) co_return errc::timed_out;
    tls_.emplace(socket_, context.native());
    SSL* tls = tls_->native_handle();
    // RFC 6066 section 3: literal addresses are not permitted in SNI.
    if (!server_name.empty() && !parse_address(server_name)) SSL_set_tlsext_host_name(tls, server_name.c_str());
    if (context.check() == peer_check::verified && !expect_name(tls, server_name)) {
        tls_fault_ = "no certificate can be for the name \"" + base::printable(server_name) + "\"";
        co_return errc::certificate_refused;
    }
    if (peer_) resume_session(tls, server_name + ' ' + to_string(*peer_));
    co_return co_await handshake(asio::ssl::stream_base::client);
}

async::awaitable<base::result<tls_info>> socket_stream::handshake(asio::ssl::stream_base::handshake_type role) {
    const auto [code] = co_await tls_->async_handshake(role, async::as_result);
    SSL* tls = tls_->native_handle();
    if (!code) co_return describe(tls);

    const long verdict = SSL_get_verify_result(tls);
    const bool certificate = SSL_get_verify_mode(tls) != SSL_VERIFY_NONE && verdict != X509_V_OK;
    tls_fault_ = certificate ? X509_verify_cert_error_string(verdict) : base::printable(code.message());
    if (cancelled_ || code == asio::error::operation_aborted) co_return translate(code);
    co_return certificate ? errc::certificate_refused : errc::tls_failed;
}

void socket_stream::cancel() {
    cancelled_ = true;
    base::error_code ignored;
    socket_.cancel(ignored);
}

void socket_stream::end_writing() {
    base::error_code ignored;
    socket_.shutdown(socket::shutdown_send, ignored);
}

void socket_stream::close() {
    base::error_code ignored;
    socket_.shutdown(socket::shutdown_both, ignored);
    socket_.close(ignored);
}

}  // namespace waypost::net
