// Rows written into the configuration itself: they are what they are until another configuration is loaded.
#pragma once

#include <string>

#include "waypost/table/entries.hpp"
#include "waypost/table/table.hpp"

namespace waypost::table {

class static_table final : public table {
public:
    static_table(std::string name, const entries& rows) : name_(std::move(name)), rows_(rows) {}
    [[nodiscard]] const std::string& name() const noexcept override { return name_; }
    async::awaitable<base::result<std::optional<std::string>>> lookup(service kind, std::string key) override;
    async::awaitable<base::result<std::optional<found>>> lookup_first(service kind,
                                                                      std::vector<std::string> keys) override;
    async::awaitable<base::result<std::optional<std::string>>> lookup_pattern(service kind,
                                                                              pattern_match matches) override;
    async::awaitable<base::result<std::optional<std::string>>> fetch(service kind) override;
    async::awaitable<base::result<std::vector<std::string>>> list(service kind, std::size_t up_to) override;
    [[nodiscard]] entries all() const { return rows_.all(); }

private:
    std::string name_;
    indexed_entries rows_;
    rotation turn_;
};

}  // namespace waypost::table
