// lookup() for a backend to which one key is a question of several keys.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "waypost/table/table.hpp"

namespace waypost::table {

inline async::awaitable<base::result<std::optional<std::string>>> lookup_one(table& rows, service kind,
                                                                             std::string key) {
    std::vector<std::string> only(1, std::move(key));
    auto row = co_await rows.lookup_first(kind, std::move(only));
    if (row.has_error()) co_return row.error();
    if (!row->has_value()) co_return std::nullopt;
    co_return std::move((**row).row);
}

}  // namespace waypost::table
