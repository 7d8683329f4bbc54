// The format of DNS messages (RFC 1035 section 4), byte by byte. Pure.
//
// Everything that comes from the DNS is read by `reader` and by nothing else: it never looks outside the bytes that it
// was given, and every name ends, whatever it says.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace waypost::dns {

enum class record_type : std::uint16_t {
    a = 1,
    ns = 2,
    cname = 5,
    soa = 6,
    ptr = 12,
    mx = 15,
    txt = 16,
    aaaa = 28,
    opt = 41,
    tlsa = 52,
};

/// Reads what comes next. Past the end, or at a name that makes no sense, it is broken: from then on it gives zeros and
/// empty strings, so that a caller may read a whole structure and ask once.
class reader {
public:
    explicit reader(std::span<const unsigned char> message, std::size_t position = 0)
        : message_(message), position_(position) {}

    std::uint8_t u8();
    std::uint16_t u16();
    std::uint32_t u32();
    std::string bytes(std::size_t count);
    /// As text without the last dot, "" for the root; follows compression. What is no printable ASCII, and a dot or a
    /// backslash inside a label, is escaped (RFC 1035 section 5.1), so a name is fit for any line.
    std::string name();
    void skip(std::size_t count);

    void fail() noexcept { broken_ = true; }
    [[nodiscard]] bool broken() const noexcept { return broken_ || position_ > message_.size(); }
    [[nodiscard]] std::size_t at() const noexcept { return position_; }
    [[nodiscard]] std::size_t left() const noexcept { return broken() ? 0 : message_.size() - position_; }

private:
    std::span<const unsigned char> message_;
    std::size_t position_;
    bool broken_ = false;
};

/// Nothing for a name that no question can hold: an empty one, or with an empty or too long label, a NUL or a
/// backslash, which is how reader::name() writes names that no host has.
[[nodiscard]] std::optional<std::string> wire_name(std::string_view text);

/// A question for a recursive resolver that asks for the AD bit too (RFC 6840 section 5.7). With EDNS it says that
/// `udp_payload` bytes may come back in one datagram.
[[nodiscard]] std::string write_question(std::uint16_t id, std::string_view wire_name, record_type type,
                                         std::optional<std::uint16_t> udp_payload);

}  // namespace waypost::dns
