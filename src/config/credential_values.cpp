#include "credential_values.hpp"

#include "waypost/table/services.hpp"

namespace waypost::config {

std::optional<std::string> fault_of_credentials(std::string_view value) {
    auto wrong = table::credentials::fault_of({}, value);
    if (!wrong) return std::nullopt;
    return std::move(wrong->text);
}

bool looks_like_plain_text(std::string_view value) {
    const std::string_view password = value.substr(value.find(':') + 1);
    return !password.starts_with('$') && !password.starts_with('{');
}

}  // namespace waypost::config
