// Base64 (RFC 4648 section 4, strict: padded, no blanks, no stray bits) and hexadecimal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace waypost::base {

[[nodiscard]] std::string base64_encode(std::string_view bytes);
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

/// Lower-case, zero-padded to `digits`.
[[nodiscard]] std::string hex(std::uint64_t number, unsigned digits = 16);
[[nodiscard]] std::optional<std::uint64_t> from_hex(std::string_view text);

/// A decimal number without sign, blanks or overflow.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);

}  // namespace waypost::base
