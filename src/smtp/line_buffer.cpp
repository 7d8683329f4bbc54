#include "waypost/smtp/line_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace waypost::smtp {

line_buffer::line_buffer(std::size_t capacity, std::size_t longest_line)
    : bytes_(capacity), capacity_(capacity), longest_(longest_line) {}

std::span<char> line_buffer::free_space() {
    if (begin_ == end_) {
        begin_ = end_ = scanned_ = 0;
        if (bytes_.size() > capacity_) std::vector<char>(capacity_).swap(bytes_);
    } else if (begin_ > 0 && bytes_.size() - end_ < bytes_.size() / 4) {
        std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    // The longest line, with its CRLF, must fit, or a buffer could be full and yet hold no line.
    if (end_ == bytes_.size()) bytes_.resize(std::max(bytes_.size(), std::min(longest_ + 2, 2 * bytes_.size())));
    // An empty span would make the driver's read look like the end of the stream.
    if (end_ == bytes_.size()) throw std::logic_error("line_buffer: full, and nobody has taken what is in it");
    return std::span(bytes_).subspan(end_);
}

void line_buffer::filled(std::size_t bytes) {
    if (bytes > bytes_.size() - end_) throw std::logic_error("line_buffer: more bytes than there was room for");
    end_ += bytes;
}

line line_buffer::next_line() {
    const std::string_view all = pending();
    const auto* feed = all.size() > scanned_
                           ? static_cast<const char*>(std::memchr(all.data() + scanned_, '\n', all.size() - scanned_))
                           : nullptr;
    if (feed == nullptr) {
        // One byte over the limit may still be the CR of a good line.
        if (discarding_ || all.size() > longest_ + 1) {
            discard(all);
        } else {
            scanned_ = all.size();
        }
        return {};
    }

    std::string_view text = all.substr(0, static_cast<std::size_t>(feed - all.data()));
    if (discarding_) {
        discard(text);
        consume(1);
        const bool ended_well = discarded_cr_ && !discarded_bare_;
        discarding_ = discarded_cr_ = discarded_bare_ = false;
        discarded_ = 0;
        return {ended_well ? line_kind::too_long : line_kind::bare, {}};
    }
    consume(text.size() + 1);
    const bool ended_well = text.ends_with('\r');
    if (ended_well) text.remove_suffix(1);
    if (!ended_well || text.find('\r') != std::string_view::npos) return {line_kind::bare, text};
    if (text.size() > longest_) return {line_kind::too_long, {}};
    return {line_kind::whole, text};
}

/// Throws away a part of an over-long line. What it remembers is whether the line ends well, or the rule about bare
/// line ends could be passed by length.
void line_buffer::discard(std::string_view part) {
    discarding_ = true;
    if (part.empty()) return;
    discarded_bare_ = discarded_bare_ || discarded_cr_ || part.find('\r') < part.size() - 1;
    discarded_cr_ = part.ends_with('\r');
    discarded_ += part.size();
    consume(part.size());
}

std::string_view line_buffer::pending() const noexcept { return {bytes_.data() + begin_, end_ - begin_}; }

void line_buffer::consume(std::size_t bytes) {
    if (bytes > end_ - begin_) throw std::logic_error("line_buffer: more consumed than is there");
    begin_ += bytes;
    scanned_ = 0;
}

void line_buffer::clear() noexcept {
    begin_ = end_ = scanned_ = discarded_ = 0;
    discarding_ = discarded_cr_ = discarded_bare_ = false;
}

}  // namespace waypost::smtp
