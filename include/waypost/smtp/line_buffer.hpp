// Framing: bytes as they come from the stream, cut into lines. Pure; the driver reads into free_space() and says how
// much.
//
// Only CRLF ends a line. A bare LF or CR makes the line a bad one, up to the next CRLF or LF (so that a client that
// never sends CRLF is told so instead of being left waiting), however long it is. A line longer than the limit is
// thrown away as it comes, is reported once, and costs no memory. What a caller leaves in the buffer (message content)
// it takes with pending() and consume().
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace waypost::smtp {

enum class line_kind {
    none,      // more bytes are needed
    whole,     // `text` is a line, without CRLF; valid until the buffer is used again
    too_long,  // its end has come, its text is gone
    bare,      // it held a bare CR or ended in a bare LF; of a long one the text is gone
};
struct line {
    line_kind kind = line_kind::none;
    std::string_view text;
};

class line_buffer {
public:
    /// Holds `capacity`, and more only for as long as a line of up to `longest_line` (without CRLF) needs it.
    line_buffer(std::size_t capacity, std::size_t longest_line);

    /// Room for at least one byte, after moving what is pending to the front where that helps.
    [[nodiscard]] std::span<char> free_space();
    void filled(std::size_t bytes);

    [[nodiscard]] line next_line();

    /// The bytes that no line has taken yet.
    [[nodiscard]] std::string_view pending() const noexcept;
    void consume(std::size_t bytes);
    /// Forgets everything pending: what came before TLS must not be seen after it.
    void clear() noexcept;
    /// Bytes of the over-long line that is being thrown away at this moment; the driver ends a session that never
    /// stops.
    [[nodiscard]] std::size_t discarded() const noexcept { return discarded_; }

private:
    void discard(std::string_view part);

    std::vector<char> bytes_;
    std::size_t capacity_;
    std::size_t longest_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t scanned_ = 0;  // behind begin_: already searched for LF
    std::size_t discarded_ = 0;
    bool discarding_ = false;
    bool discarded_cr_ = false;    // the last octet thrown away is a CR
    bool discarded_bare_ = false;  // one before it was, and no LF followed it
};

}  // namespace waypost::smtp
