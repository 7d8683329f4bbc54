// The bytes of an SMTP or LMTP client session over one stream: writes commands and content, reads replies, keeps time.
// The grammar is smtp::client_session's; what needs more than the stream (TLS, credentials) is the caller's.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "waypost/net/stream.hpp"
#include "waypost/net/watchdog.hpp"
#include "waypost/smtp/client_session.hpp"
#include "waypost/smtp/content_codec.hpp"
#include "waypost/smtp/line_buffer.hpp"
#include "waypost/spool/content.hpp"

namespace waypost::relay {

class conversation {
public:
    /// Where pump() ends: any step but write_text, write_content and read_reply, which it does itself.
    using pause = smtp::client_step;

    conversation(const async::executor& on, std::unique_ptr<net::stream> peer, async::clock& time,
                 smtp::client_settings how, std::string peer_name, async::duration write_limit);

    /// To run beside everything else.
    async::awaitable<> keep_time() { return watchdog_.run(); }
    /// Does what the protocol asks for until it pauses. A connection that is lost is a session_failed.
    async::awaitable<pause> pump();

    void begin(smtp::client_transaction what, std::shared_ptr<const spool::content> content);
    void close() { peer_->close(); }

    [[nodiscard]] smtp::client_session& protocol() noexcept { return protocol_; }
    [[nodiscard]] const smtp::client_session& protocol() const noexcept { return protocol_; }
    [[nodiscard]] net::stream& peer() noexcept { return *peer_; }
    [[nodiscard]] net::watchdog& watchdog() noexcept { return watchdog_; }
    /// Bytes that came without having been asked for.
    [[nodiscard]] bool has_unread_input() const noexcept { return !lines_.pending().empty(); }
    /// Whether content of the present transaction has gone out, so that the peer may have the message.
    [[nodiscard]] bool content_began() const noexcept { return content_began_; }

private:
    async::awaitable<bool> read_reply(std::chrono::seconds within);
    async::awaitable<bool> write(std::span<const boost::asio::const_buffer> buffers);
    async::awaitable<bool> write(std::string_view bytes);
    async::awaitable<bool> write_content();
    async::awaitable<bool> write_in_pieces();
    [[nodiscard]] bool passes_as_it_lies() const noexcept;
    void lose(const base::error_code& why);

    std::unique_ptr<net::stream> peer_;
    std::string peer_name_;
    async::duration write_limit_;
    net::watchdog watchdog_;
    smtp::client_session protocol_;
    smtp::line_buffer lines_;
    smtp::reply_reader replies_;
    std::shared_ptr<const spool::content> content_;
    smtp::content_encoder encoder_;
    std::vector<char> scratch_;
    std::string stuffed_;
    std::optional<mail::status> lost_;
    bool content_began_ = false;
};

}  // namespace waypost::relay
