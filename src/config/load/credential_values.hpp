// What a value of a credentials table may be, once it is known.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace waypost::config {

/// What is wrong with a value as `user:password`; it does not show it.
[[nodiscard]] std::optional<std::string> fault_of_credentials(std::string_view value);

/// A password of incoming clients that is neither a crypt(3) hash nor marked with a `{SCHEME}`.
[[nodiscard]] bool looks_like_plain_text(std::string_view value);

}  // namespace waypost::config
