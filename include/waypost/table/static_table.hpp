// Entries held in memory: inline tables of the configuration, and text files once they are read. Hashed; only entries
// that can be patterns (`*`, a network, every entry of a regex table) are searched one by one. Of equal keys the last
// one counts, as in OpenSMTPD. An address is found however it was written.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "waypost/table/table.hpp"

namespace waypost::table {

/// A list has keys only; a map has values.
struct entries {
    bool is_map = false;
    std::vector<std::pair<std::string, std::string>> rows;  // in the order as written
};

class static_table final : public table {
public:
    static_table(std::string name, entries rows);
    [[nodiscard]] const std::string& name() const noexcept override { return name_; }
    async::awaitable<base::result<std::optional<std::string>>> lookup(service kind, std::string key) override;
    async::awaitable<base::result<std::optional<std::string>>> lookup_pattern(service kind,
                                                                              pattern_match matches) override;
    async::awaitable<base::result<std::optional<std::string>>> fetch(service kind) override;
    [[nodiscard]] const entries& all() const noexcept { return rows_; }
    /// Other entries under the same name (`update table`). The cycle of fetch() begins anew.
    void replace(entries rows);

private:
    std::string name_;
    entries rows_;
    std::unordered_map<std::string, std::size_t> index_;  // lower-case key -> row; addresses in canonical form
    std::vector<std::size_t> patterns_;                   // rows whose key has `*` or `/`
    std::size_t next_ = 0;
};

}  // namespace waypost::table
