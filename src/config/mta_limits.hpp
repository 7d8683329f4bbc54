// The words of `mta limit` and the fields that they set, for the grammar and the printer.
#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "waypost/relay/limits.hpp"

namespace waypost::config {

struct mta_limit {
    std::string_view word;
    std::variant<std::size_t relay::limits::*, async::duration relay::limits::*> field;
};

/// In the order of the alphabet.
[[nodiscard]] std::span<const mta_limit> mta_limits();

}  // namespace waypost::config
