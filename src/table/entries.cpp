#include "waypost/table/entries.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <stdexcept>

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

indexed_entries::indexed_entries(const entries& rows)
    : is_map_(rows.is_map), slots_(std::bit_ceil(2 * rows.rows.size() + 1)) {
    pack(rows);
    for (std::size_t i = 0; i < places_.size(); ++i) {
        index(places_[i]);
        if (key(i).find_first_of("*/") != std::string_view::npos) patterns_.push_back(i);
    }
}

void indexed_entries::pack(const entries& rows) {
    const auto units = [](const auto& row) {
        return 1 + (row.first.size() + row.second.size() + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
    };
    std::size_t needed = 0;
    for (const auto& row : rows.rows) needed += units(row);
    if (needed > std::numeric_limits<place>::max()) throw std::length_error("a table of more than 32 GiB");
    packed_.resize(needed);
    places_.reserve(rows.rows.size());
    std::size_t next = 0;
    for (const auto& row : rows.rows) {
        places_.push_back(static_cast<place>(next));
        packed_[next] = row.first.size() << 32 | row.second.size();
        char* const text = reinterpret_cast<char*>(packed_.data() + next + 1);
        row.first.copy(text, row.first.size());
        row.second.copy(text + row.first.size(), row.second.size());
        next += units(row);
    }
}

indexed_entries::row indexed_entries::at(place where) const {
    const std::uint64_t lengths = packed_[where];
    const char* const text = reinterpret_cast<const char*>(packed_.data() + where + 1);
    const std::size_t key = lengths >> 32;
    return {{text, key}, {text + key, lengths & 0xffffffffU}};
}

entries indexed_entries::all() const {
    entries rows{.is_map = is_map_, .rows = {}};
    rows.rows.reserve(size());
    for (std::size_t i = 0; i < size(); ++i) rows.rows.emplace_back(key(i), value(i));
    return rows;
}

void indexed_entries::index(place where) {
    const std::string key = canonical(at(where).key);
    const std::size_t hash = hash_of(key);
    std::size_t i = hash & (slots_.size() - 1);
    while (slots_[i].where != 0) {
        if (slots_[i].tag == tag_of(hash) && is_same_key(at(slots_[i].where - 1).key, key)) break;
        i = (i + 1) & (slots_.size() - 1);
    }
    slots_[i] = {tag_of(hash), where + 1};
}

const indexed_entries::slot* indexed_entries::find_slot(std::string_view key) const {
    const std::size_t hash = hash_of(key);
    for (std::size_t i = hash & (slots_.size() - 1); slots_[i].where != 0; i = (i + 1) & (slots_.size() - 1)) {
        if (slots_[i].tag == tag_of(hash) && is_same_key(at(slots_[i].where - 1).key, key)) return &slots_[i];
    }
    return nullptr;
}

std::optional<std::size_t> indexed_entries::row_of(std::string_view key) const {
    const slot* const one = find_slot(key);
    if (one == nullptr) return std::nullopt;
    const auto at_place = std::ranges::lower_bound(places_, one->where - 1);
    return static_cast<std::size_t>(at_place - places_.begin());
}

std::optional<std::string_view> indexed_entries::find(service kind, std::string_view key) const {
    if (kind == service::regex) return std::nullopt;
    const slot* const one = find_slot(key);
    if (one == nullptr) return std::nullopt;
    return at(one->where - 1).value;
}

std::optional<std::string_view> indexed_entries::find_pattern(service kind, const pattern_match& matches) const {
    if (kind == service::regex) {
        for (const place each : places_) {
            if (matches(at(each).key)) return at(each).value;
        }
        return std::nullopt;
    }
    for (const std::size_t i : patterns_) {
        if (matches(key(i))) return value(i);
    }
    return std::nullopt;
}

}  // namespace waypost::table
