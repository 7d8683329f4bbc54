// Rows in memory, and their index. What is indexed never changes, so it is built on any thread, shared, and swapped for
// its successor as a whole.
//
// The index is one flat array of eight bytes a slot, half empty, so that a lookup among a million rows touches a slot
// and a row and no more (bench/micro/table_lookup). Only keys that can be patterns (`*`, a network, every entry of a
// regex table) are searched one by one. Of equal keys the last one counts, as in OpenSMTPD. An address is found however
// it was written.
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
    explicit indexed_entries(entries rows);
    [[nodiscard]] const entries& all() const noexcept { return rows_; }
    [[nodiscard]] std::size_t size() const noexcept { return rows_.rows.size(); }

    /// The row under a key in lower case.
    [[nodiscard]] std::optional<std::size_t> row_of(std::string_view key) const;
    /// The value under this key; null if there is none. An expression is equal to nothing.
    [[nodiscard]] const std::string* find(service kind, std::string_view key) const;
    /// The value of the first pattern that matches.
    [[nodiscard]] const std::string* find_pattern(service kind, const pattern_match& matches) const;
    /// What fetch() answers with: the value of a map, the entry of a list.
    [[nodiscard]] const std::string& fetched(std::size_t row) const {
        return rows_.is_map ? rows_.rows[row].second : rows_.rows[row].first;
    }

private:
    struct slot {
        std::uint32_t tag = 0;  // of the key's hash: most misses need no look at a row
        std::uint32_t row = 0;  // counted from 1; 0: free
    };
    void index(std::size_t row);

    entries rows_;
    std::vector<slot> slots_;  // a power of two of them
    std::vector<std::size_t> patterns_;  // rows whose key has `*` or `/`
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
