// Rows in memory, and their index. What is indexed never changes, so it is built on any thread, shared, and swapped for
// its successor as a whole.
//
// The index is one flat array of eight bytes a slot, half empty, and the rows are packed one behind the other, so that
// a lookup among a million rows touches a slot and a row and no more (bench/micro/table_lookup). Only keys that can be
// patterns (`*`, a network, every entry of a regex table) are searched one by one. Of equal keys the last one counts,
// as in OpenSMTPD. An address is found however it was written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waypost/table/huge_pages.hpp"
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
    [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }
    [[nodiscard]] std::string_view key(std::size_t row) const { return at(places_[row]).key; }
    [[nodiscard]] std::string_view value(std::size_t row) const { return at(places_[row]).value; }
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
    using place = std::uint32_t;  // of a row among the packed ones, in units of 8 bytes
    struct slot {
        std::uint32_t tag = 0;  // of the key's hash: most misses need no look at a row
        place where = 0;  // counted from 1; 0: free
    };
    struct row {
        std::string_view key;
        std::string_view value;
    };
    [[nodiscard]] row at(place where) const;
    [[nodiscard]] const slot* find_slot(std::string_view key) const;
    void pack(const entries& rows);
    void index(place where);

    bool is_map_;
    std::vector<std::uint64_t, huge_page_allocator<std::uint64_t>> packed_;  // lengths of key and value, key, value
    std::vector<slot, huge_page_allocator<slot>> slots_;  // a power of two of them
    std::vector<place> places_;  // of the rows, in their order
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
