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

bool is_same_key(std::string_view stored, std::string_view wanted_key) {
    if (base::iequals(stored, wanted_key)) return true;
    return stored.find(':') != std::string_view::npos && canonical(stored) == wanted_key;
}

std::size_t hash_of(std::string_view key) { return std::hash<std::string_view>()(key); }
std::uint8_t tag_of(std::size_t hash) { return static_cast<std::uint8_t>(hash >> 56); }

constexpr std::size_t rows_of_a_bucket = 8;  // about as many, or half
constexpr std::size_t words_before_text = 3;
constexpr std::size_t words_of_a_cache_line = 16;

std::size_t words_for(std::size_t length) {
    return words_before_text + (length + sizeof(std::uint32_t) - 1) / sizeof(std::uint32_t);
}

std::size_t length_of(const std::pair<std::string, std::string>& row) { return row.first.size() + row.second.size(); }

}  // namespace

indexed_entries::indexed_entries(const entries& rows)
    : is_map_(rows.is_map),
      buckets_(std::bit_ceil(rows.rows.size() / rows_of_a_bucket + 1) + 1),
      tags_(rows.rows.size()),
      written_(rows.rows.size()) {
    std::vector<std::size_t> hashes;
    hashes.reserve(rows.rows.size());
    for (const auto& [name, value] : rows.rows) hashes.push_back(hash_of(canonical(name)));
    pack(rows, hashes);
    for (std::size_t i = 0; i < size(); ++i) {
        if (key(i).find_first_of("*/") != std::string_view::npos) patterns_.push_back(i);
    }
}

/// A counting sort by bucket. The last of the rows comes first in its bucket, because it is the one that counts.
void indexed_entries::pack(const entries& rows, const std::vector<std::size_t>& hashes) {
    const std::size_t mask = buckets_.size() - 2;
    std::size_t words = 0;
    for (std::size_t i = 0; i < size(); ++i) {
        bucket& after = buckets_[(hashes[i] & mask) + 1];
        const std::size_t needed = words_for(length_of(rows.rows[i]));
        words += needed;
        if (words > std::numeric_limits<place>::max()) throw std::length_error("a table of more than 16 GiB");
        after.row += 1;
        after.source += static_cast<place>(needed);
    }
    for (std::size_t i = 1; i < buckets_.size(); ++i) {
        buckets_[i].row += buckets_[i - 1].row;
        buckets_[i].source += buckets_[i - 1].source;
    }
    words_.resize(words);
    std::vector<bucket> free = buckets_;
    for (std::size_t i = size(); i-- > 0;) {
        const auto& [name, value] = rows.rows[i];
        bucket& to = free[hashes[i] & mask];
        written_[i] = to.source;
        tags_[to.row++] = tag_of(hashes[i]);
        std::uint32_t* const word = words_.data() + to.source;
        word[0] = static_cast<std::uint32_t>(i);
        word[1] = static_cast<std::uint32_t>(name.size());
        word[2] = static_cast<std::uint32_t>(value.size());
        char* const text = reinterpret_cast<char*>(word + words_before_text);
        name.copy(text, name.size());
        value.copy(text + name.size(), value.size());
        to.source += static_cast<place>(words_for(length_of(rows.rows[i])));
    }
}

indexed_entries::row indexed_entries::at(place source) const {
    const std::uint32_t* const word = words_.data() + source;
    const char* const text = reinterpret_cast<const char*>(word + words_before_text);
    const std::size_t words = words_for(std::size_t{word[1]} + word[2]);
    return {word[0], {text, word[1]}, {text + word[1], word[2]}, static_cast<place>(source + words)};
}

std::optional<indexed_entries::row> indexed_entries::find_row(std::string_view key) const {
    const std::size_t hash = hash_of(key);
    const std::size_t number = hash & (buckets_.size() - 2);
    const bucket& mine = buckets_[number];
    const bucket& end = buckets_[number + 1];
    const std::uint8_t tag = tag_of(hash);
    const auto first = tags_.begin() + mine.row;
    const auto last = tags_.begin() + end.row;
    if (std::find(first, last, tag) == last) return std::nullopt;
    // The lines of the bucket come at once, instead of one after the other as its rows are passed.
    for (std::size_t at = mine.source; at < end.source; at += words_of_a_cache_line) {
        __builtin_prefetch(words_.data() + at);
    }
    place where = mine.source;
    for (auto each = first; each != last; ++each) {
        const row one = at(where);
        if (*each == tag && is_same_key(one.key, key)) return one;
        where = one.next;
    }
    return std::nullopt;
}

entries indexed_entries::all() const {
    entries rows{.is_map = is_map_, .rows = {}};
    rows.rows.reserve(size());
    for (std::size_t i = 0; i < size(); ++i) rows.rows.emplace_back(key(i), value(i));
    return rows;
}

std::optional<std::size_t> indexed_entries::row_of(std::string_view key) const {
    const auto one = find_row(key);
    return one ? std::optional(one->number) : std::nullopt;
}

std::optional<std::string_view> indexed_entries::find(service kind, std::string_view key) const {
    if (kind == service::regex) return std::nullopt;
    const auto one = find_row(key);
    return one ? std::optional(one->value) : std::nullopt;
}

std::optional<std::string_view> indexed_entries::find_pattern(service kind, const pattern_match& matches) const {
    if (kind == service::regex) {
        for (const place each : written_) {
            const row one = at(each);
            if (matches(one.key)) return one.value;
        }
        return std::nullopt;
    }
    for (const std::size_t i : patterns_) {
        if (matches(key(i))) return value(i);
    }
    return std::nullopt;
}

}  // namespace waypost::table
