#include "credential_values.hpp"

#include <algorithm>

#include "waypost/base/ascii.hpp"

namespace waypost::config {

std::optional<std::string> fault_of_credentials(std::string_view value) {
    const std::size_t colon = value.find(':');
    if (value.empty() || colon == value.size() - 1) return "there is no password";
    if (colon == 0) return "there is no user name before the \":\"";
    if (std::any_of(value.begin(), value.end(), [](char c) { return base::is_control(c); })) {
        return "there is a control character (a newline?) in it";
    }
    if (value.size() >= 2048) return "it is longer than 2047 bytes";  // what the credentials service takes
    return std::nullopt;
}

bool looks_like_plain_text(std::string_view value) {
    const std::string_view password = value.substr(value.find(':') + 1);
    return !password.starts_with('$') && !password.starts_with('{');
}

}  // namespace waypost::config
