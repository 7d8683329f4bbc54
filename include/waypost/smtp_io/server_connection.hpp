// The bytes of an SMTP server session over one stream: cuts lines, gathers replies, keeps time. It decides nothing; the
// grammar is smtp::server_session's, and what is answered is the caller's.
//
// Replies leave in one write, before the next wait for input. A session that the server ends is told so as soon as it
// has the answers to all that it has sent: next_line() then gives nothing, and the caller says its last words.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "waypost/net/stream.hpp"
#include "waypost/net/tls_context.hpp"
#include "waypost/net/watchdog.hpp"
#include "waypost/smtp/line_buffer.hpp"
#include "waypost/smtp/reply.hpp"

namespace waypost::smtp_io {

/// Time limits of RFC 5321 section 4.5.3.2, from the server's side.
struct server_time_limits {
    std::chrono::seconds command{300};  // waiting for the next command
    std::chrono::seconds content{180};  // waiting for the next piece of content: a DATA block
    std::chrono::seconds write{300};  // a reply that the client does not take
    std::chrono::seconds handshake{60};  // TLS
    std::chrono::seconds session{3600};  // without a message that was accepted
    friend bool operator==(const server_time_limits&, const server_time_limits&) = default;
};

/// What a client sent where a command is due.
struct client_line {
    enum class kind {
        whole,  // `text` is a line, without CRLF; valid until the connection is used again
        too_long,  // its text is gone
        bare,  // it has a bare CR or LF
        tls_hello,  // the first bytes of TLS where there is none; `text` is what has come of them
        without_end,  // a line that never stops; the session must end
    };
    kind type = kind::whole;
    std::string_view text;
    bool input_follows = false;  // bytes behind it have come already
};

class server_connection {
public:
    /// `min_rate`: octets of content a second, averaged, after the first ten minutes; 0: no limit. `limits` is kept.
    server_connection(const async::executor& executor, std::unique_ptr<net::stream> client, async::clock& time,
                      const server_time_limits& limits, std::size_t min_rate);

    /// To run beside everything else.
    async::awaitable<> keep_time() { return watchdog_.run(); }
    /// No time limit: the client waits for something of ours.
    void pause_time() { watchdog_.pause(); }

    /// The next line. Nothing when the session is to end: the input has, a time limit has passed, or the server stops.
    async::awaitable<std::optional<client_line>> next_line();

    /// Content is expected from here on; its rate is measured from its beginning.
    void begin_content();
    [[nodiscard]] std::string_view pending() const noexcept { return lines_.pending(); }
    void consume(std::size_t octets) { lines_.consume(octets); }
    /// More of it is pending(). False when the session is to end.
    async::awaitable<bool> read_content();

    /// Leaves before the next wait for input.
    void reply(const smtp::reply& answer) { smtp::write_reply(out_, answer); }
    /// After it nothing more is sent.
    void last_reply(const smtp::reply& answer);
    void stop_replying() noexcept { has_said_last_ = true; }
    async::awaitable<bool> flush();
    /// Within the time that the end of the server leaves.
    async::awaitable<bool> flush_at_shutdown();
    /// Behind a flush(). What came before the handshake is forgotten. An error has its words in stream().tls_fault().
    async::awaitable<base::result<net::tls_info>> start_tls(const net::tls_context& context);
    /// A client that sends a command now and then, or a byte of one, has a session as long as mail comes of it.
    void note_accepted_message() { last_accepted_ = clock_.now(); }

    /// Says what is left to say and reads on until the client has read it.
    async::awaitable<> finish();
    /// For a session that was cut off in the middle of something, perhaps with replies that were not written yet:
    /// whether a last reply can still be made out. Behind half a reply nothing can be said.
    [[nodiscard]] bool may_speak_at_shutdown() const noexcept { return is_ending_ && can_write_ && !is_writing_; }
    async::awaitable<> speak_at_shutdown();
    void close() { client_->close(); }

    /// The server stops: no more commands, content may end.
    void end_soon();
    /// Nor is the rest of content, or of a TLS handshake, waited for any longer.
    void end_now();

    [[nodiscard]] bool is_ending() const noexcept { return is_ending_; }
    [[nodiscard]] bool has_timed_out() const noexcept { return watchdog_.expired(); }
    /// What we write can reach the client: not after a handshake that failed.
    [[nodiscard]] bool can_write() const noexcept { return can_write_; }
    [[nodiscard]] bool has_said_last() const noexcept { return has_said_last_; }
    /// Why it ended, for the log.
    [[nodiscard]] std::string_view end_reason() const noexcept { return end_reason_; }
    void set_end_reason(std::string_view reason) noexcept { end_reason_ = reason; }
    [[nodiscard]] const net::stream& stream() const noexcept { return *client_; }

private:
    /// What is waited for from the client at this moment.
    enum class awaited { nothing, command, content, handshake, farewell };

    async::awaitable<bool> read(awaited input, async::duration limit);
    async::awaitable<bool> flush(async::duration limit);
    async::awaitable<> linger();
    [[nodiscard]] async::duration farewell_time() const;
    [[nodiscard]] async::duration time_for_command() const;
    [[nodiscard]] async::duration time_for_content() const;
    [[nodiscard]] std::optional<client_line> take_line();

    std::unique_ptr<net::stream> client_;
    async::clock& clock_;
    const server_time_limits& limits_;
    std::size_t min_rate_;
    net::watchdog watchdog_;
    smtp::line_buffer lines_;
    std::string out_;
    std::string_view end_reason_ = "quit";
    awaited awaited_ = awaited::nothing;
    bool has_tls_ = false;
    bool can_write_ = true;  // false after a handshake that failed
    bool is_writing_ = false;
    bool has_said_last_ = false;
    bool is_ending_ = false;
    bool ends_now_ = false;
    async::time_point last_accepted_;  // a message; before the first one, the beginning
    async::duration waited_for_content_{};
    std::uint64_t content_octets_ = 0;  // as they came
};

}  // namespace waypost::smtp_io
