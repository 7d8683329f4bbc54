// The bytes of an SMTP or LMTP client session over one stream: writes commands and content, reads replies, keeps time.
// The grammar is smtp::client_session's; what needs more than the stream (TLS, credentials) is the caller's.
//
// What may go before the next reply, of several messages where they overlap, goes in one gathered write, from where it
// lies (in a few where it is much). Nothing is read meanwhile: client_session bounds the replies that can be due, so
// that they fit the buffers between us and a host cannot be kept from reading by its own replies.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "waypost/net/byte_source.hpp"
#include "waypost/net/stream.hpp"
#include "waypost/net/watchdog.hpp"
#include "waypost/smtp/client_session.hpp"
#include "waypost/smtp/content_codec.hpp"
#include "waypost/smtp/line_buffer.hpp"

namespace waypost::smtp_io {

/// What a message is told whose content cannot be read here.
[[nodiscard]] mail::status unreadable_here(const base::error_code& reason);

class client_connection {
public:
    /// Where pump() ends: any step but write_text, write_content and read_reply, which it does itself.
    using pause = smtp::client_step;

    client_connection(const async::executor& executor, std::unique_ptr<net::stream> peer, async::clock& time,
                      smtp::client_settings settings, std::string peer_name, async::duration write_limit);

    /// To run beside everything else.
    async::awaitable<> keep_time() { return watchdog_.run(); }
    /// Does what the protocol asks for until it pauses. A connection that is lost is a session_failed.
    async::awaitable<pause> pump();

    /// The content of a transaction could not be read, and that ended the session. Nobody is to blame but us.
    struct unreadable_content {
        std::size_t transaction = 0;  // among protocol().unfinished()
        mail::status reason;
    };
    [[nodiscard]] const std::optional<unreadable_content>& unreadable() const noexcept { return unreadable_; }

    /// Only where there is room: protocol().has_room().
    void begin(smtp::client_transaction transaction, std::shared_ptr<const net::byte_source> content);
    void close() { peer_->close(); }

    [[nodiscard]] smtp::client_session& protocol() noexcept { return protocol_; }
    [[nodiscard]] const smtp::client_session& protocol() const noexcept { return protocol_; }
    [[nodiscard]] net::stream& peer() noexcept { return *peer_; }
    [[nodiscard]] net::watchdog& watchdog() noexcept { return watchdog_; }
    /// Bytes that came without having been asked for.
    [[nodiscard]] bool has_unread_input() const noexcept { return !lines_.pending().empty(); }
    /// Whether the next read takes no waiting.
    [[nodiscard]] bool has_reply_at_hand() const noexcept {
        return lines_.pending().find('\n') != std::string_view::npos;
    }

private:
    async::awaitable<> read_reply(std::chrono::seconds within);
    async::awaitable<bool> flush();
    async::awaitable<> hear_last_words();
    async::awaitable<> write_content(smtp::write_content step);
    async::awaitable<bool> write_in_pieces(std::size_t transaction, smtp::content_encoder& encoder);
    void gather(std::string_view bytes);
    void lose(const base::error_code& error);

    std::unique_ptr<net::stream> peer_;
    std::string peer_name_;
    async::duration write_limit_;
    net::watchdog watchdog_;
    smtp::client_session protocol_;
    smtp::line_buffer lines_;
    smtp::reply_reader replies_;
    std::deque<std::shared_ptr<const net::byte_source>> contents_;  // of the transactions that have not ended
    std::uint64_t ended_ = 0;  // the transactions before those
    std::optional<unreadable_content> unreadable_;
    // For one write: views of the contents and of the texts, which a deque leaves where they are.
    std::vector<boost::asio::const_buffer> gathered_;
    std::size_t gathered_octets_ = 0;
    std::deque<std::string> texts_;
    std::vector<char> scratch_;
    std::string stuffed_;
};

}  // namespace waypost::smtp_io
