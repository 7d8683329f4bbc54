// The content of a message between 354 and its final dot, in both directions. Pure, and works on pieces of any size, so
// that a session never holds a whole message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace waypost::smtp {

/// What a LF without a CR before it is.
enum class bare_line_feed {
    normalize,  // a line end, handed on as CRLF: many scripts and libraries send nothing else
    refuse,  // a fault
};

/// Takes dot-stuffing away and watches for what must not be in a message.
///
/// Only CRLF "." CRLF ends the content (or "." CRLF at its very start), whatever a bare LF is. A bare CR anywhere, a
/// NUL, or a line over the limit is a fault, and so is a bare LF where it is not a line end: the rest is still eaten,
/// to the true end, and then refused, so that none of it can become a command. The CRLF before the final dot belongs to
/// the content. What comes out never depends on how the bytes were split.
///
/// Where a bare LF is a line end, a dot behind it is stuffing like any other. But a line of a lone dot with a bare LF
/// before or behind it ends nothing and is a line of content, dot and all; the encoder stuffs it on every way out, so
/// the next host does not take it for an end either.
class content_decoder {
public:
    enum class fault { none, bare_line_end, nul_byte, line_too_long, too_big };

    /// Counted without CRLF, and never held, so it costs no memory. RFC 5321 4.5.3.1.6 wants 998, but mail with whole
    /// paragraphs or HTML pages in a line is common and its readers want it. This is OpenSMTPD's limit, and far above
    /// the 2,048 or so at which other servers cut lines, which breaks signatures: a sender who needs more is in error.
    static constexpr std::size_t default_longest_line = 65'535;

    explicit content_decoder(std::uint64_t max_bytes, std::size_t longest_line = default_longest_line,
                             bare_line_feed line_feed = bare_line_feed::normalize);

    /// Eats from the front of `input`, hands the plain content on in pieces that are views into `input` or static, and
    /// answers true once the end has come; `input` then begins behind it. Nothing is handed on after a fault. Each
    /// piece by itself is acceptable to has_only_crlf() unless it was cut where `input` was.
    template <class Sink>
    bool decode(std::string_view& input, Sink&& sink) {
        for (;;) {
            std::string_view piece;
            const bool more = step(input, piece);
            if (!piece.empty()) sink(piece);
            if (!more) return ended_;
        }
    }

    /// The first of its list when there were several, so the answer is final only with the end.
    [[nodiscard]] fault found() const noexcept;
    /// Decoded octets, those after a fault too.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] bool eight_bit() const noexcept { return eight_bit_; }

    /// True if all that has come so far ends in a line of a single dot, but line ends are bare and a fault, so that it
    /// is no end. A client that has sent this much and says no more is waiting for a reply: the driver may refuse the
    /// message and hang up. (Hang up it must: what follows is still content.) Where a bare LF is a line end, a lone dot
    /// is as likely to have content behind it, so only time tells.
    [[nodiscard]] bool seems_ended() const noexcept;

private:
    bool step(std::string_view& input, std::string_view& piece);
    std::size_t line_rest(std::string_view input, std::size_t start, std::size_t& next_feed);
    void hand_on(std::string_view text, std::string_view eaten, std::string_view& piece);
    void bare_cr(char next);
    void check(std::string_view piece);
    void add(fault fault) noexcept { faults_ |= 1U << static_cast<unsigned>(fault); }

    // line_start: behind CRLF, or at the very start. bare_start and what follows it: the same behind a bare LF, where
    // nothing can end. feed: before a bare LF that is a line end. bad_cr: behind a CR that itself follows a CR.
    enum class at : unsigned char {
        line_start,
        dot,
        dot_cr,
        bare_start,
        bare_dot,
        bare_dot_cr,
        text,
        feed,
        cr,
        bad_cr
    };
    std::uint64_t max_bytes_;
    std::size_t longest_line_;
    bare_line_feed line_feed_;
    std::uint64_t bytes_ = 0;
    std::size_t line_length_ = 0;
    std::uint64_t last_bytes_ =
        0x0a0a0a0a0a0a0a0a;  // the last eight, the newest lowest; before the start are line ends
    unsigned faults_ = 0;
    at state_ = at::line_start;
    bool eight_bit_ = false;
    bool ended_ = false;
};

/// True if no CR stands without its LF and no LF without its CR.
[[nodiscard]] bool has_only_crlf(std::string_view text) noexcept;

/// Puts dot-stuffing on, and the final dot. Every egress writes content through this one: content with a bare CR or LF
/// in it (which only a message made on this machine or a damaged queue could hold) leaves with CRLF in its place.
class content_encoder {
public:
    /// True if the piece may go out exactly as it is: no line in it begins with a dot and all line ends are CRLF. Then
    /// the caller writes it from where it lies; otherwise encode() appends the stuffed form to `out`.
    [[nodiscard]] bool passes(std::string_view piece) const noexcept;
    void encode(std::string_view piece, std::string& out);
    /// Says that the piece went out as it was.
    void passed(std::string_view piece) noexcept;
    /// The end of content: CRLF if the last line had none, then dot CRLF. Begins anew for the next message.
    [[nodiscard]] std::string_view end() noexcept;

private:
    bool at_line_start_ = true;
    bool after_cr_ = false;
};

}  // namespace waypost::smtp
