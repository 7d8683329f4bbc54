#include "waypost/table/entries.hpp"

#include <bit>
#include <functional>

#include "waypost/base/ascii.hpp"
#include "waypost/net/endpoint.hpp"

namespace waypost::table {

namespace {

/// "[2001:DB8::1]", "2001:db8:0:0::1" and "2001:db8::1" are one key. Only what has a colon can be written in several
/// ways.
std::string canonical(std::string_view key) {
    if (key.find(':') != std::string_view::npos) {
        if (auto ip = net::parse_address(key)) return ip->to_string();
    }
    return base::to_lower(key);
}

bool is_same_key(std::string_view stored, std::string_view asked) {
    if (base::iequals(stored, asked)) return true;
    return stored.find(':') != std::string_view::npos && canonical(stored) == asked;
}

std::size_t hash_of(std::string_view key) { return std::hash<std::string_view>()(key); }
std::uint32_t tag_of(std::size_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

indexed_entries::indexed_entries(entries rows)
    : rows_(std::move(rows)), slots_(std::bit_ceil(2 * rows_.rows.size() + 1)) {
    for (std::size_t i = 0; i < rows_.rows.size(); ++i) {
        index(i);
        if (rows_.rows[i].first.find_first_of("*/") != std::string::npos) patterns_.push_back(i);
    }
}

void indexed_entries::index(std::size_t row) {
    const std::string key = canonical(rows_.rows[row].first);
    const std::size_t hash = hash_of(key);
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].row != 0) {
        if (slots_[at].tag == tag_of(hash) && is_same_key(rows_.rows[slots_[at].row - 1].first, key)) break;
        at = (at + 1) & (slots_.size() - 1);
    }
    slots_[at] = {tag_of(hash), static_cast<std::uint32_t>(row + 1)};
}

std::optional<std::size_t> indexed_entries::row_of(std::string_view key) const {
    const std::size_t hash = hash_of(key);
    for (std::size_t at = hash & (slots_.size() - 1); slots_[at].row != 0; at = (at + 1) & (slots_.size() - 1)) {
        const std::size_t row = slots_[at].row - 1;
        if (slots_[at].tag == tag_of(hash) && is_same_key(rows_.rows[row].first, key)) return row;
    }
    return std::nullopt;
}

const std::string* indexed_entries::find(service kind, std::string_view key) const {
    if (kind == service::regex) return nullptr;
    const auto row = row_of(key);
    return row ? &rows_.rows[*row].second : nullptr;
}

const std::string* indexed_entries::find_pattern(service kind, const pattern_match& matches) const {
    if (kind == service::regex) {
        for (const auto& [key, value] : rows_.rows) {
            if (matches(key)) return &value;
        }
        return nullptr;
    }
    for (const std::size_t i : patterns_) {
        const auto& [key, value] = rows_.rows[i];
        if (matches(key)) return &value;
    }
    return nullptr;
}

}  // namespace waypost::table
