// One format specifier: what stands between "%{" and "}", read and filled in.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "waypost/delivery/format.hpp"

namespace waypost::delivery {

/// The octets inside the braces. A fault's place counts from there.
[[nodiscard]] std::variant<format::specifier, format_fault> parse_specifier(std::string_view inside);

/// What it stands for, after its modifiers and its part, with the octets that its place allows.
[[nodiscard]] base::result<std::string> value_of(const format::specifier& specifier, const format_values& values,
                                                 format::use place);

}  // namespace waypost::delivery
