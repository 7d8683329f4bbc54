// The tables of a configuration, read and built, found by name.
//
// A table that is the `auth` of anything holds credentials: values that name an environment variable or a file are
// replaced by what those hold (credential_values.hpp). That is known before the first table is built.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fault_list.hpp"
#include "waypost/config/model.hpp"
#include "waypost/table/static_table.hpp"

namespace waypost::config {

/// A table with the places of its rows.
class shelved {
public:
    shelved(const table_definition& from, table::static_table* built);

    [[nodiscard]] table::table* get() const noexcept { return built_; }
    [[nodiscard]] const table::entries& content() const noexcept { return built_->all(); }
    /// What `fetch` answers with for this row: the value of a map, the entry of a list.
    [[nodiscard]] const std::string& fetched(std::size_t row) const;
    [[nodiscard]] location where(std::size_t row) const;
    /// "<name>", or the place of an anonymous one.
    [[nodiscard]] const std::string& name() const noexcept { return built_->name(); }
    [[nodiscard]] bool is_file() const noexcept { return !file_.empty(); }

private:
    table::static_table* built_;
    std::string file_;
    std::vector<location> rows_;         // inline rows
    mutable std::vector<std::size_t> lines_;  // of the file's rows; read again when first asked for, to report a fault
};

class table_shelf {
public:
    /// Reads all tables. They are kept in `into`.
    table_shelf(const model& from, std::vector<std::unique_ptr<table::table>>& into, fault_list& faults);

    /// The table that is meant; null, and a fault, when there is none of that name.
    const shelved* find(const table_use& use);
    /// The same for credentials: the rows of an anonymous table are resolved.
    const shelved* find_credentials(const table_use& use);
    /// Like find(); the table must be a map, or `word` is a fault.
    const shelved* find_map(const table_use& use, std::string_view word);
    void warn_of_unused();

private:
    std::unique_ptr<shelved> build(const table_definition& one, bool is_credentials);
    const shelved* find(const table_use& use, bool is_credentials);

    const model& from_;
    std::vector<std::unique_ptr<table::table>>& into_;
    fault_list& faults_;
    std::map<std::string, std::unique_ptr<shelved>, std::less<>> named_;  // null: it could not be read
    std::map<const table_use*, std::unique_ptr<shelved>> anonymous_;
    std::set<std::string, std::less<>> used_;
};

}  // namespace waypost::config
