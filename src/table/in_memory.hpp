// The answers of a table whose rows are in memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waypost/table/entries.hpp"

namespace waypost::table {

inline std::optional<std::string> copy_of(std::optional<std::string_view> value) {
    return value ? std::optional<std::string>(*value) : std::nullopt;
}

inline std::optional<found> first_of(const indexed_entries& rows, service kind, std::vector<std::string> keys) {
    for (std::string& key : keys) {
        if (const auto value = rows.find(kind, key)) return found{std::move(key), std::string(*value)};
    }
    return std::nullopt;
}

inline std::vector<std::string> list_of(const indexed_entries& rows, std::size_t most) {
    std::vector<std::string> all;
    all.reserve(std::min(rows.size(), most));
    for (std::size_t i = 0; i < std::min(rows.size(), most); ++i) all.emplace_back(rows.fetched(i));
    return all;
}

}  // namespace waypost::table
