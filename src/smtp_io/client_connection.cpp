#include "waypost/smtp_io/client_connection.hpp"

namespace waypost::smtp_io {

namespace {

// RFC 5321 section 4.5.3.1.5 has reply lines of 512 octets; real ones are longer. What counts is the whole reply.
constexpr std::size_t longest_reply_line = smtp::reply_reader::most_octets;
constexpr std::size_t reply_buffer = 8192;
// A reply line without end is heard for this long and no longer.
constexpr std::size_t most_discarded = 64 * 1024;

// The time limit of a write is for one block of data (RFC 5321 section 4.5.3.2.5), and a slow line must be able to keep
// it; more in one write would save nothing that can be measured.
constexpr std::size_t enough_for_a_write = 64 * 1024;
// What a host that has closed said before lies in our buffer; this only bounds the doubtful case.
constexpr std::chrono::seconds last_words{5};

/// BDAT carries exact octets, and a reader of the message relies on its lines: none may end otherwise than in CRLF.
bool has_whole_lines(std::string_view text) {
    return text.empty() || (text.ends_with("\r\n") && smtp::has_only_crlf(text));
}

}  // namespace

mail::status unreadable_here(const base::error_code& reason) {
    return mail::status::transient("4.3.0", "Content cannot be read: " + reason.message());
}

client_connection::client_connection(const async::executor& executor, std::unique_ptr<net::stream> peer,
                                     async::clock& time, smtp::client_settings settings, std::string peer_name,
                                     async::duration write_limit)
    : peer_(std::move(peer)),
      peer_name_(std::move(peer_name)),
      write_limit_(write_limit),
      watchdog_(executor, *peer_, time),
      protocol_(std::move(settings)),
      lines_(reply_buffer, longest_reply_line) {}

void client_connection::begin(smtp::client_transaction transaction, std::shared_ptr<const net::byte_source> content) {
    // To find out about a text in a file would mean to read it twice; for one of that size a round trip is little.
    const auto parts = protocol_.offered().chunking ? content->in_memory() : std::nullopt;
    if (parts && has_whole_lines(parts->head) && has_whole_lines(parts->tail)) transaction.chunk = content->size();
    contents_.push_back(std::move(content));
    protocol_.begin(std::move(transaction));
}

async::awaitable<client_connection::pause> client_connection::pump() {
    for (;;) {
        auto next = protocol_.next(has_reply_at_hand());
        if (auto* text = std::get_if<smtp::write_text>(&next)) {
            gather(texts_.emplace_back(std::move(text->bytes)));
        } else if (const auto* content = std::get_if<smtp::write_content>(&next)) {
            co_await write_content(*content);
        } else if (const auto* reply = std::get_if<smtp::read_reply>(&next)) {
            if (co_await flush()) co_await read_reply(reply->within);
        } else {
            if (std::holds_alternative<smtp::transaction_done>(next)) {
                contents_.pop_front();
                ++ended_;
            }
            co_return next;
        }
    }
}

/// One time limit for the whole reply: a line a minute would otherwise hold us for ever, and so would a line without
/// end.
async::awaitable<> client_connection::read_reply(std::chrono::seconds within) {
    watchdog_.expect_within(within);
    for (;;) {
        const smtp::line line = lines_.next_line();
        if (line.kind == smtp::line_kind::none) {
            const auto bytes = co_await peer_->read_some(lines_.free_space());
            if (bytes.has_error()) co_return lose(bytes.error());
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
        co_return;
    }
}

void client_connection::gather(std::string_view bytes) {
    gathered_.emplace_back(bytes.data(), bytes.size());
    gathered_octets_ += bytes.size();
}

/// Writes what was gathered. False when the connection is lost.
async::awaitable<bool> client_connection::flush() {
    if (gathered_.empty()) co_return true;
    watchdog_.expect_within(write_limit_);
    const auto written = co_await peer_->write(gathered_);
    watchdog_.pause();
    gathered_.clear();
    gathered_octets_ = 0;
    texts_.clear();
    if (written.has_value()) co_return true;
    if (written.error() != net::errc::timed_out) co_await hear_last_words();
    lose(written.error());
    co_return false;
}

/// A host that closes while we write has often said why, and what became of the messages before: that is still there to
/// be read. Every round ends an expectation or the session.
async::awaitable<> client_connection::hear_last_words() {
    while (!protocol_.has_ended()) co_await read_reply(last_words);
}

async::awaitable<> client_connection::write_content(smtp::write_content step) {
    if (gathered_octets_ >= enough_for_a_write && !co_await flush()) co_return;
    const std::size_t number = step.transaction - ended_;
    const auto parts = contents_[number]->in_memory();
    smtp::content_encoder encoder;
    // As it lies.
    if (parts && (step.chunk || (encoder.passes(parts->head) && encoder.passes(parts->tail)))) {
        gather(parts->head);
        gather(parts->tail);
        encoder.passed(parts->head);
        encoder.passed(parts->tail);
    } else if (!co_await write_in_pieces(number, encoder)) {
        co_return;
    }
    if (step.chunk) co_return;
    gather(encoder.end());
    protocol_.on_content_written();
}

async::awaitable<bool> client_connection::write_in_pieces(std::size_t transaction, smtp::content_encoder& encoder) {
    const std::shared_ptr<const net::byte_source> content = contents_[transaction];
    for (std::uint64_t offset = 0; offset < content->size();) {
        const auto piece = co_await content->read(offset, scratch_);
        if (piece.has_error()) {
            // Half a message must not look like a whole one: the connection ends here, without the dot.
            unreadable_ = {transaction, unreadable_here(piece.error())};
            protocol_.on_lost(unreadable_->reason);
            co_return false;
        }
        offset += piece->size();
        stuffed_.clear();
        encoder.encode(*piece, stuffed_);
        gather(stuffed_);
        if (!co_await flush()) co_return false;
    }
    co_return true;
}

void client_connection::lose(const base::error_code& error) {
    const std::string_view code = error == net::errc::timed_out ? "4.4.2" : "4.4.1";
    protocol_.on_lost(mail::status::transient(code, "Connection to " + peer_name_ + " lost: " + error.message()));
}

}  // namespace waypost::smtp_io
