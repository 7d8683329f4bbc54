// The tables of a configuration, read and built, found by name.
//
// A table that is the `auth` of anything holds credentials: values that name an environment variable or a file stand
// for what those hold (table/secret_reference.hpp), at each lookup anew. That is known before the first table is built.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "waypost/config/grammar/model.hpp"
#include "waypost/config/load/load.hpp"
#include "waypost/config/syntax/diagnostic.hpp"
#include "waypost/table/backends.hpp"

namespace waypost::config {

/// A table and, where they are known while the configuration is loaded, its rows and their places.
class loaded_table {
public:
    loaded_table(const table_definition& definition, table::table* built, std::optional<table::entries> rows);

    [[nodiscard]] table::table* get() const noexcept { return built_; }
    /// The rows are in the configuration or in a text file. Those of a database can only be asked for by key.
    [[nodiscard]] bool knows_rows() const noexcept { return rows_.has_value(); }
    /// The rows, secrets resolved; none if they are not known.
    [[nodiscard]] const table::entries& content() const noexcept;
    /// Reads what the rows of a credentials table refer to; what is missing is a fault of its row.
    void resolve_secrets(fault_list& faults);
    /// What `fetch` answers with for this row: the value of a map, the entry of a list.
    [[nodiscard]] const std::string& fetched(std::size_t row) const;
    [[nodiscard]] location where(std::size_t row) const;
    /// "<name>", or the place of an anonymous one.
    [[nodiscard]] const std::string& name() const noexcept { return built_->name(); }
    [[nodiscard]] bool is_file() const noexcept { return !file_.empty(); }

private:
    table::table* built_;
    std::optional<table::entries> rows_;
    std::string file_;
    std::vector<location> places_;  // of inline rows
    mutable std::vector<std::size_t> lines_;  // of the file's rows; read again when first asked for, to report a fault
};

class table_registry {
public:
    /// Opens all tables. They are kept in `loaded`.
    table_registry(const model& model, generation& loaded, fault_list& faults);

    /// The table that is meant; null, and a fault, when there is none of that name.
    const loaded_table* find(const table_use& use);
    /// The same for credentials: the rows of an anonymous table are resolved.
    const loaded_table* find_credentials(const table_use& use);
    /// Like find(); the table must be a map, or `word` is a fault.
    const loaded_table* find_map(const table_use& use, std::string_view word);
    void warn_of_unused();

private:
    table::opened open(const table_definition& definition);
    std::unique_ptr<loaded_table> build(const table_definition& definition, bool is_credentials);
    const loaded_table* find(const table_use& use, bool is_credentials);

    const model& model_;
    generation& result_;
    fault_list& faults_;
    std::map<std::string, std::unique_ptr<loaded_table>, std::less<>> named_;  // null: it could not be read
    std::map<const table_use*, std::unique_ptr<loaded_table>> anonymous_;
    std::set<std::string, std::less<>> used_;
};

}  // namespace waypost::config
