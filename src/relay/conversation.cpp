#include "waypost/relay/conversation.hpp"

namespace waypost::relay {

namespace {

// RFC 5321 section 4.5.3.1.5 has replies of 512 octets; real ones are longer.
constexpr std::size_t longest_reply_line = 4096;
constexpr std::size_t reply_buffer = 8192;
// A reply line without end is heard for this long and no longer.
constexpr std::size_t most_discarded = 64 * 1024;

}  // namespace

conversation::conversation(const async::executor& on, std::unique_ptr<net::stream> peer, async::clock& time,
                           smtp::client_settings how, std::string peer_name, async::duration write_limit)
    : peer_(std::move(peer)),
      peer_name_(std::move(peer_name)),
      write_limit_(write_limit),
      watchdog_(on, *peer_, time),
      protocol_(std::move(how)),
      lines_(reply_buffer, longest_reply_line) {}

void conversation::begin(smtp::client_transaction what, std::shared_ptr<const spool::content> content) {
    content_ = std::move(content);
    encoder_ = {};
    content_began_ = false;
    protocol_.begin(std::move(what));
}

async::awaitable<conversation::pause> conversation::pump() {
    for (;;) {
        auto next = protocol_.next();
        bool goes_on = false;
        if (const auto* text = std::get_if<smtp::write_text>(&next)) {
            goes_on = co_await write(text->bytes);
        } else if (const auto* reply = std::get_if<smtp::read_reply>(&next)) {
            goes_on = co_await read_reply(reply->within);
        } else if (std::holds_alternative<smtp::write_content>(next)) {
            goes_on = co_await write_content();
        } else {
            co_return next;
        }
        if (!goes_on) co_return smtp::session_failed{smtp::client_stage::protocol, *lost_};
    }
}

/// One time limit for the whole reply: a line a minute would otherwise hold us for ever, and so would a line without
/// end.
async::awaitable<bool> conversation::read_reply(std::chrono::seconds within) {
    watchdog_.expect_within(within);
    for (;;) {
        const smtp::line line = lines_.next_line();
        if (line.kind == smtp::line_kind::none) {
            const auto bytes = co_await peer_->read_some(lines_.free_space());
            if (bytes.has_error()) {
                lose(bytes.error());
                co_return false;
            }
            lines_.filled(*bytes);
            if (lines_.discarded() < most_discarded) continue;
        }
        auto progress = smtp::reply_reader::progress::malformed;
        if (line.kind == smtp::line_kind::whole) progress = replies_.on_line(line.text);
        if (progress == smtp::reply_reader::progress::more) continue;
        watchdog_.pause();
        if (progress == smtp::reply_reader::progress::malformed) {
            protocol_.on_garbage(line.text);
        } else {
            protocol_.on_reply(replies_.take());
        }
        co_return true;
    }
}

async::awaitable<bool> conversation::write(std::span<const boost::asio::const_buffer> buffers) {
    watchdog_.expect_within(write_limit_);
    const auto written = co_await peer_->write(buffers);
    watchdog_.pause();
    if (written.has_error()) lose(written.error());
    co_return written.has_value();
}

async::awaitable<bool> conversation::write(std::string_view bytes) {
    const boost::asio::const_buffer whole(bytes.data(), bytes.size());
    co_return co_await write(std::span(&whole, 1));
}

bool conversation::passes_as_it_lies() const noexcept {
    return !content_->in_file() && encoder_.passes(content_->trace()) && encoder_.passes(content_->text());
}

async::awaitable<bool> conversation::write_content() {
    content_began_ = true;
    if (passes_as_it_lies()) {
        // The usual case: everything goes out from where it lies, in one system call.
        encoder_.passed(content_->trace());
        encoder_.passed(content_->text());
        const std::array parts{boost::asio::buffer(content_->trace()), boost::asio::buffer(content_->text()),
                               boost::asio::buffer(encoder_.end())};
        const std::array<boost::asio::const_buffer, 3> gathered{parts[0], parts[1], parts[2]};
        if (!co_await write(gathered)) co_return false;
    } else if (!co_await write_in_pieces()) {
        co_return false;
    }
    protocol_.on_content_written();
    co_return true;
}

async::awaitable<bool> conversation::write_in_pieces() {
    for (std::uint64_t offset = 0; offset < content_->size();) {
        const auto piece = co_await content_->read(offset, scratch_);
        if (piece.has_error()) {
            // Half a message must not look like a whole one: the connection ends here, without the dot.
            lose(piece.error());
            co_return false;
        }
        offset += piece->size();
        stuffed_.clear();
        encoder_.encode(*piece, stuffed_);
        if (!co_await write(stuffed_)) co_return false;
    }
    co_return co_await write(encoder_.end());
}

void conversation::lose(const base::error_code& why) {
    const std::string_view code = why == net::errc::timed_out ? "4.4.2" : "4.4.1";
    lost_ = mail::status::transient(code, "Connection to " + peer_name_ + " lost: " + why.message());
}

}  // namespace waypost::relay
