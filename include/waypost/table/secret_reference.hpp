// Where a value of a credentials table comes from, when it does not stand in the table:
//
//     "${NAME}"    the environment        "file:/run/secrets/x"    a file, without its last newline
//
// Either may be the whole value or what follows `user:`. A `${` anywhere else is a mistake, and no secret can be had.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>

namespace waypost::table {

/// A value that names its secret and does not hold it: safe to show.
[[nodiscard]] bool is_reference(std::string_view value);
/// The same, or a mistake in writing one.
[[nodiscard]] bool may_refer(std::string_view value);

/// Why a secret cannot be had, without it.
struct no_secret {
    std::string reason;
};
/// The value, or why there is none; blocks. `environment` is getenv(3), or a test's.
using environment = std::function<const char*(const char*)>;
[[nodiscard]] std::variant<std::string, no_secret> resolve_reference(std::string_view value, const environment& env);

}  // namespace waypost::table
