// The answers of a table whose rows are in memory.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "waypost/table/entries.hpp"

namespace waypost::table {

inline std::optional<std::string> copy_of(const std::string* value) {
    return value == nullptr ? std::nullopt : std::optional(*value);
}

inline std::optional<found> first_of(const indexed_entries& rows, service kind, std::vector<std::string> keys) {
    for (std::string& key : keys) {
        if (const std::string* value = rows.find(kind, key)) return found{std::move(key), *value};
    }
    return std::nullopt;
}

}  // namespace waypost::table
