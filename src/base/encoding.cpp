#include "waypost/base/encoding.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

namespace waypost::base {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_sextet = 64;

constexpr std::array<std::uint8_t, 256> sextets = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_sextet);
    std::uint8_t value = 0;
    for (const char c : alphabet) values[static_cast<unsigned char>(c)] = value++;
    return values;
}();

std::optional<std::uint64_t> parse(std::string_view text, int base) {
    std::uint64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(3, bytes.size()))) {
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i)
            group = group << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
        text += alphabet[group >> 18];
        text += alphabet[group >> 12 & 63];
        text += bytes.size() > 1 ? alphabet[group >> 6 & 63] : '=';
        text += bytes.size() > 2 ? alphabet[group & 63] : '=';
    }
    return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    text.remove_suffix(padding);

    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned pending = 0;  // how many low bits of `bits` are not in `bytes` yet
    for (const char c : text) {
        const std::uint8_t sextet = sextets[static_cast<unsigned char>(c)];
        if (sextet == no_sextet) return std::nullopt;
        bits = (bits << 6 | sextet) & 0xffff;
        pending += 6;
        if (pending >= 8) {
            pending -= 8;
            bytes += static_cast<char>(bits >> pending & 0xff);
        }
    }
    // Stray bits would give one byte string two spellings (RFC 4648 section 3.5).
    if ((bits & ((1U << pending) - 1)) != 0) return std::nullopt;
    return bytes;
}

std::string hex(std::uint64_t number, unsigned digits) {
    std::array<char, 16> buffer{};
    const char* const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, 16).ptr;
    const auto length = static_cast<std::size_t>(end - buffer.data());
    std::string text(digits > length ? digits - length : 0, '0');
    return text.append(buffer.data(), length);
}

std::optional<std::uint64_t> from_hex(std::string_view text) { return parse(text, 16); }

std::optional<std::uint64_t> parse_number(std::string_view text) { return parse(text, 10); }

}  // namespace waypost::base
