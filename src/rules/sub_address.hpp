// A user with the tag of his sub-address: user+tag.
#pragma once

#include <string>
#include <string_view>

#include "waypost/base/ascii.hpp"

namespace waypost::rules {

struct sub_address {
    std::string user;  // in lower case
    std::string tag;   // as it was written
};

/// A name that begins with the delimiter has no tag.
[[nodiscard]] inline sub_address split_tag(std::string_view name, char delimiter) {
    const std::size_t at = name.find(delimiter);
    if (at == std::string_view::npos || at == 0) return {base::to_lower(name), {}};
    return {base::to_lower(name.substr(0, at)), std::string(name.substr(at + 1))};
}

}  // namespace waypost::rules
