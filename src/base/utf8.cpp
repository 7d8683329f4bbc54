#include "waypost/base/utf8.hpp"

#include <bit>

namespace waypost::base {

std::optional<character> first_character(std::string_view bytes) noexcept {
    if (bytes.empty()) return std::nullopt;
    const auto lead = static_cast<unsigned char>(bytes.front());
    if (lead < 0x80) return character{lead, 1};
    const auto octets = static_cast<std::size_t>(std::countl_one(lead));
    if (octets < 2 || octets > 4 || bytes.size() < octets) return std::nullopt;
    char32_t value = lead & (0x7fU >> octets);
    for (const char c : bytes.substr(1, octets - 1)) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xc0U) != 0x80) return std::nullopt;
        value = value << 6U | (byte & 0x3fU);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool is_surrogate = value >= 0xd800 && value < 0xe000;
    if (value < least[octets] || value > 0x10ffff || is_surrogate) return std::nullopt;
    return character{value, octets};
}

}  // namespace waypost::base
