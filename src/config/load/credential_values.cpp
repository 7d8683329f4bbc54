#include "load_context.hpp"

#include <algorithm>

#include "waypost/config/load/load.hpp"
#include "waypost/config/syntax/secret_words.hpp"
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

std::string shown_row(const generation& settings, const table::table& rows, table::service service, bool by_key,
                      const std::string& row) {
    using table::service;
    if (by_key && (service == service::credentials || service == service::userinfo)) return row;
    const auto logs_in = [&](const auto& entry) { return entry.passwords == &rows; };
    const auto sends = [&](const auto& entry) { return entry.second.credentials == &rows; };
    const bool is_secret = service == service::credentials ||
                           std::ranges::any_of(settings.inbound.listeners, logs_in) ||
                           std::ranges::any_of(settings.relay.actions, sends);
    return is_secret ? std::string(stars) : without_secrets(row);
}

}  // namespace waypost::config
