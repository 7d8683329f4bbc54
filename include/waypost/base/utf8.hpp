// Characters in bytes that may be UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace waypost::base {

struct character {
    char32_t value = 0;
    std::size_t octets = 0;
};

/// The first one. Nothing where the bytes are not UTF-8 as RFC 3629 has it: cut off, longer than needed, a surrogate.
[[nodiscard]] std::optional<character> first_character(std::string_view bytes) noexcept;

}  // namespace waypost::base
