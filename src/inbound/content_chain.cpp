#include "content_chain.hpp"

namespace waypost::inbound {

namespace {

using fault = smtp::content_decoder::fault;

mail::status refusal_of(fault fault) {
    switch (fault) {
        case fault::none: break;
        case fault::bare_line_end:
            return mail::status::of(554, "5.6.0", "Message refused: it has a CR or LF that is not part of a CRLF");
        case fault::nul_byte: return mail::status::of(554, "5.6.0", "Message refused: it has a NUL byte");
        case fault::line_too_long: return mail::status::of(554, "5.6.0", "Message refused: a line is too long");
        case fault::too_big: return mail::status::of(552, "5.3.4", "Message is bigger than this server takes");
    }
    return mail::status::of(554, "5.6.0", "Message refused");
}

mail::status not_stored() { return mail::status::of(452, "4.3.1", "Message cannot be stored at this time"); }

/// Content whose line ends are mended comes in two pieces a line: far more calls than copying them costs.
void join_many(std::vector<std::string_view>& pieces, std::string& text) {
    constexpr std::size_t few = 4;
    if (pieces.size() <= few) return;
    text.clear();
    for (const std::string_view piece : pieces) text += piece;
    pieces.assign(1, text);
}

}  // namespace

content_chain::content_chain(const settings& settings, const smtp::server_settings& protocol, header_changes changes,
                             spool::content& text)
    : settings_(settings),
      decoder_(protocol.limits.max_message_size, settings.longest_line, protocol.line_feed),
      changes_(std::move(changes)),
      text_(text) {}

async::awaitable<bool> content_chain::feed(std::string_view& input) {
    const std::size_t before = input.size();
    pieces_.clear();
    const bool has_ended = decoder_.decode(input, [this](std::string_view piece) { pieces_.push_back(piece); });
    join_many(pieces_, joined_);
    for (const std::string_view piece : pieces_) {
        hops_.feed(piece);
        if (is_stored_) is_stored_ = co_await append(changes_.feed(piece));
    }
    if (!is_stored_ || decoder_.found() != fault::none) discarded_ += before - input.size();
    co_return has_ended;
}

async::awaitable<bool> content_chain::append(std::string_view piece) {
    co_return (co_await text_.append(piece)).has_value();
}

std::optional<content_chain::breach> content_chain::breach_so_far() const {
    if (discarded_ > settings_.most_discarded_content) {
        // A client that is told to come again comes with the same content.
        return breach{"endless content", decoder_.found() == fault::none ? not_stored() : refusal_of(decoder_.found())};
    }
    // The client waits for an answer to an end that is none. What it sends next would still be content, so the session
    // must end with the answer.
    if (decoder_.seems_ended()) return breach{"bare line ends", refusal_of(fault::bare_line_end)};
    return std::nullopt;
}

async::awaitable<std::optional<mail::status>> content_chain::end() {
    if (decoder_.found() != fault::none) co_return refusal_of(decoder_.found());
    if (hops_.received_fields() >= settings_.max_received_fields)
        co_return mail::status::of(554, "5.4.6", "Message has passed too many hosts: a loop");
    if (is_stored_) is_stored_ = co_await append(changes_.end());
    if (!is_stored_) co_return not_stored();
    co_return std::nullopt;
}

}  // namespace waypost::inbound
