#include "table_registry.hpp"

#include <cstdlib>
#include <utility>

#include "program_user.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/config/syntax/words.hpp"
#include "waypost/process/files.hpp"
#include "waypost/table/backends.hpp"
#include "waypost/table/secret_table.hpp"
#include "waypost/table/static_table.hpp"

namespace waypost::config {
namespace {

constexpr std::size_t largest_table_file = 1U << 30;

std::set<std::string, std::less<>> names_of_credentials(const model& model) {
    std::set<std::string, std::less<>> names;
    for (const listener& one : model.listeners) {
        if (one.passwords) names.insert(one.passwords->name);
    }
    for (const action& one : model.actions) {
        if (one.auth) names.insert(one.auth->name);
    }
    return names;
}

/// The numbers of the lines of a table file that hold rows. An entry a line, so they are in the order of the rows.
std::vector<std::size_t> lines_of_rows(const std::string& file) {
    std::vector<std::size_t> lines;
    const auto text = process::read_file(file, largest_table_file);
    if (!std::holds_alternative<std::string>(text)) return lines;
    std::size_t number = 0;
    for (std::string_view line : base::split(std::get<std::string>(text), '\n')) {
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        line = base::trim(line);
        if (!line.empty() && line.front() != '#') lines.push_back(number);
    }
    return lines;
}

const char* from_environment(const char* name) { return std::getenv(name); }

}  // namespace

loaded_table::loaded_table(const table_definition& definition, table::table* built, std::optional<table::entries> rows)
    : built_(built), rows_(std::move(rows)), file_(definition.backend == "file" ? definition.argument : std::string()) {
    places_.reserve(definition.rows.rows.size());
    for (const table_row& row : definition.rows.rows) places_.push_back(row.location);
}

const table::entries& loaded_table::content() const noexcept {
    static const table::entries unknown;
    return rows_ ? *rows_ : unknown;
}

void loaded_table::resolve_secrets(fault_list& faults) {
    if (!rows_) return;
    for (std::size_t i = 0; i < rows_->rows.size(); ++i) {
        auto& [key, value] = rows_->rows[i];
        auto secret = table::resolve_reference(value, &from_environment);
        if (const auto* none = std::get_if<table::no_secret>(&secret)) {
            faults.fault(where(i), "no credentials for \"" + base::printable(key, 64) + "\": " + none->reason);
            continue;
        }
        value = std::move(std::get<std::string>(secret));
    }
}

const std::string& loaded_table::fetched(std::size_t row) const {
    const auto& [key, value] = content().rows[row];
    return content().is_map ? value : key;
}

location loaded_table::where(std::size_t row) const {
    if (file_.empty()) return places_[row];
    if (lines_.empty()) lines_ = lines_of_rows(file_);
    return {file_, row < lines_.size() ? lines_[row] : 0, 0};
}

table_registry::table_registry(const model& model, generation& loaded, fault_list& faults)
    : model_(model), result_(loaded), faults_(faults) {
    const auto credentials = names_of_credentials(model);
    for (const table_definition& one : model.tables) {
        if (named_.contains(one.name)) continue;  // the parser has said so
        named_[one.name] = build(one, credentials.contains(one.name));
    }
}

table::opened table_registry::open(const table_definition& definition) {
    if (!definition.backend.empty()) {
        const table::origin from{definition.backend, definition.argument, program_user(definition, faults_)};
        table::opened made = table::open_table(definition.name, from, *result_.context);
        for (table::fault& each : made.faults) {
            const location where = each.file.empty() ? definition.location : location{each.file, each.line, 0};
            faults_.add({where, std::move(each.text), std::move(each.hint), each.warning});
        }
        return made;
    }
    table::entries rows;
    rows.is_map = definition.rows.is_map;
    for (const table_row& row : definition.rows.rows) rows.rows.emplace_back(row.key, row.value);
    auto made = std::make_unique<table::static_table>(definition.name, rows);
    return {std::move(made), std::move(rows), {}};
}

std::unique_ptr<loaded_table> table_registry::build(const table_definition& definition, bool is_credentials) {
    table::opened opened = open(definition);
    if (opened.table == nullptr) return nullptr;
    if (is_credentials && opened.rows) {
        opened.table =
            std::make_unique<table::secret_table>(std::move(opened.table), &from_environment, *result_.context);
    }
    auto made = std::make_unique<loaded_table>(definition, opened.table.get(), std::move(opened.rows));
    if (is_credentials) made->resolve_secrets(faults_);
    result_.tables.push_back(std::move(opened.table));
    return made;
}

const loaded_table* table_registry::find(const table_use& use) { return find(use, false); }
const loaded_table* table_registry::find_credentials(const table_use& use) { return find(use, true); }

const loaded_table* table_registry::find_map(const table_use& use, std::string_view word) {
    const loaded_table* const found = find(use);
    // A file without rows has no kind; it may get some later.
    if (found != nullptr && !found->content().is_map && !found->content().rows.empty()) {
        faults_.fault(use.location, "the table of \"" + std::string(word) + "\" is a list",
                      "write rows of the form key = value");
    }
    return found;
}

const loaded_table* table_registry::find(const table_use& use, bool is_credentials) {
    if (!use.name.empty()) {
        used_.insert(use.name);
        if (const auto found = named_.find(use.name); found != named_.end()) return found->second.get();
        std::string hint = did_you_mean(use.name, names_of(model_.tables));
        if (hint.empty()) hint = "define it: table " + base::printable(use.name, 64) + " { ... }";
        faults_.fault(use.location, "there is no table <" + base::printable(use.name, 64) + ">", std::move(hint));
        return nullptr;
    }
    std::unique_ptr<loaded_table>& made = anonymous_[&use];
    if (!made) {
        table_definition one;
        one.name = use.location.file + ":" + std::to_string(use.location.line);
        one.rows = use.rows;
        one.location = use.location;
        made = build(one, is_credentials);
    }
    return made.get();
}

void table_registry::warn_of_unused() {
    for (const table_definition& one : model_.tables) {
        if (used_.contains(one.name)) continue;
        faults_.warn(one.location, "table \"" + base::printable(one.name, 64) + "\" is not used",
                     "remove it, or write <" + base::printable(one.name, 64) + "> where it is meant");
    }
}

}  // namespace waypost::config
