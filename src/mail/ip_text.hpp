// IP addresses as text. In this room an address is only ever text, so it needs no type: one spelling is enough.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace waypost::mail {

/// The one spelling (RFC 5952) of an address of the family AF_INET or AF_INET6; nothing if `text` is none.
[[nodiscard]] std::optional<std::string> canonical_address(int family, std::string_view text);

}  // namespace waypost::mail
