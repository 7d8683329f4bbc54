#include "ip_text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace waypost::mail {

std::optional<std::string> canonical_address(int family, std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    if (text.size() >= buffer.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
    std::copy(text.begin(), text.end(), buffer.begin());
    std::array<unsigned char, 16> bytes{};
    if (::inet_pton(family, buffer.data(), bytes.data()) != 1) return std::nullopt;
    return ::inet_ntop(family, bytes.data(), buffer.data(), buffer.size());
}

}  // namespace waypost::mail
