// Rows in memory, and their index. What is indexed never changes, so it is built on any thread, shared, and swapped for
// its successor as a whole.
//
// Rows lie packed in the order of their hash, a handful to a bucket, and a byte of each row's hash tells who is not
// there. What is looked at first (buckets and bytes) is small enough to stay in the cache, so a lookup among a million
// rows leaves the cache once for a key that is there, and not at all for others (bench/micro/table_lookup).
//
// Only keys that can be patterns (`*`, a network, every entry of a regex table) are searched one by one. Of equal keys
// the last one counts, as in OpenSMTPD. An address is found however it was written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waypost/table/table.hpp"

namespace waypost::table {

/// A list has keys only; a map has values.
struct entries {
    bool is_map = false;
    std::vector<std::pair<std::string, std::string>> rows;  // in the order as written
};

class indexed_entries {
public:
    explicit indexed_entries(const entries& rows);
    [[nodiscard]] std::size_t size() const noexcept { return written_.size(); }
    [[nodiscard]] std::string_view key(std::size_t row) const { return at(written_[row]).key; }
    [[nodiscard]] std::string_view value(std::size_t row) const { return at(written_[row]).value; }
    /// What fetch() answers with: the value of a map, the entry of a list.
    [[nodiscard]] std::string_view fetched(std::size_t row) const { return is_map_ ? value(row) : key(row); }
    /// A copy of it all, as it was given.
    [[nodiscard]] entries all() const;

    /// The row under a key in lower case.
    [[nodiscard]] std::optional<std::size_t> row_of(std::string_view key) const;
    /// The value under this key. An expression is equal to nothing.
    [[nodiscard]] std::optional<std::string_view> find(service kind, std::string_view key) const;
    /// The value of the first pattern that matches.
    [[nodiscard]] std::optional<std::string_view> find_pattern(service kind, const pattern_match& matches) const;

private:
    using place = std::uint32_t;  // among the packed words
    struct bucket {
        std::uint32_t row = 0;  // the first one, in the order of packing
        place source = 0;
    };
    struct row {
        std::size_t number = 0;  // in the order as written
        std::string_view key;
        std::string_view value;
        place next = 0;
    };
    [[nodiscard]] row at(place source) const;
    [[nodiscard]] std::optional<row> find_row(std::string_view key) const;
    void pack(const entries& rows, const std::vector<std::size_t>& hashes);

    bool is_map_;
    std::vector<bucket> buckets_;  // a power of two of them, and where the last one ends
    std::vector<std::uint8_t> tags_;  // of the rows as packed: a byte of the hash
    std::vector<std::uint32_t> words_;  // the rows: number, lengths of key and value, key, value
    std::vector<place> written_;  // where they are, in the order as written
    std::vector<std::size_t> patterns_;  // numbers of the rows whose key has `*` or `/`
};

/// Whose turn it is in a cyclic fetch.
class rotation {
public:
    /// One of `size` (not 0).
    std::size_t take(std::size_t size) {
        const std::size_t place = next_ % size;
        next_ = place + 1;
        return place;
    }
    /// The one given last, if any was.
    [[nodiscard]] std::optional<std::size_t> last() const {
        return next_ == 0 ? std::nullopt : std::optional(next_ - 1);
    }
    void go_on_after(std::size_t place) { next_ = place + 1; }

private:
    std::size_t next_ = 0;
};

}  // namespace waypost::table
