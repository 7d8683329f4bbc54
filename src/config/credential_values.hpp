// Where the value of a credentials table comes from, when it does not stand in the table:
//
//     "${NAME}"    the environment        "file:/run/secrets/x"    a file, without its last newline
//
// Either may be the whole value or what follows `user:`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "small_file.hpp"

namespace waypost::config {

/// A value that names its secret and does not hold it: safe to show.
[[nodiscard]] bool is_reference(std::string_view value);

/// The value, or why there is none. `environment` is getenv(3), or a test's.
using environment = std::function<const char*(const char*)>;
[[nodiscard]] std::variant<std::string, unreadable> resolve_reference(std::string_view value, const environment& env);

/// What is wrong with a value as `user:password`; it does not show it.
[[nodiscard]] std::optional<std::string> fault_of_credentials(std::string_view value);

/// A password of incoming clients that is neither a crypt(3) hash nor marked with a `{SCHEME}`.
[[nodiscard]] bool looks_like_plain_text(std::string_view value);

}  // namespace waypost::config
