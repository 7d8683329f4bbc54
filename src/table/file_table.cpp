#include "waypost/table/file_table.hpp"

#include "in_memory.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::table {

namespace {

watched_file<indexed_entries>::read_result read_rows(const std::string& path) {
    auto read = read_table_file(path);
    if (auto* fault = std::get_if<file_fault>(&read)) return std::move(*fault);
    return std::make_shared<const indexed_entries>(std::get<entries>(std::move(read)));
}

}  // namespace

std::variant<std::unique_ptr<file_table>, file_fault> file_table::open(std::string name, std::string path,
                                                                       surroundings& around) {
    auto opened = watched_file<indexed_entries>::open(name, std::move(path), &read_rows, around);
    if (auto* fault = std::get_if<file_fault>(&opened)) return std::move(*fault);
    return std::unique_ptr<file_table>(
        new file_table(std::move(name), std::get<watched_file<indexed_entries>>(std::move(opened))));
}

async::awaitable<base::result<>> file_table::look(bool in_any_case) {
    const auto replaced = co_await file_.look(in_any_case);
    if (replaced.has_error()) co_return replaced.error();
    if (*replaced == nullptr) co_return base::result<>();
    // Fetching goes on behind the entry that was given last, wherever that stands now.
    if (const auto last = turn_.last(); last && *last < (**replaced).size()) {
        const auto row = file_.content().row_of(base::to_lower((**replaced).key(*last)));
        if (row) turn_.go_on_after(*row);
    }
    co_return base::result<>();
}

async::awaitable<base::result<std::optional<std::string>>> file_table::lookup(service kind, std::string key) {
    if (file_.is_due()) co_await look(false);
    co_return copy_of(file_.content().find(kind, key));
}

async::awaitable<base::result<std::optional<found>>> file_table::lookup_first(service kind,
                                                                              std::vector<std::string> keys) {
    if (file_.is_due()) co_await look(false);
    co_return first_of(file_.content(), kind, std::move(keys));
}

async::awaitable<base::result<std::optional<std::string>>> file_table::lookup_pattern(service kind,
                                                                                      pattern_match matches) {
    if (file_.is_due()) co_await look(false);
    co_return copy_of(file_.content().find_pattern(kind, matches));
}

async::awaitable<base::result<std::optional<std::string>>> file_table::fetch(service) {
    if (file_.is_due()) co_await look(false);
    const indexed_entries& rows = file_.content();
    if (rows.size() == 0) co_return std::nullopt;
    co_return std::string(rows.fetched(turn_.take(rows.size())));
}

async::awaitable<base::result<std::vector<std::string>>> file_table::list(service, std::size_t up_to) {
    if (file_.is_due()) co_await look(false);
    co_return list_of(file_.content(), up_to);
}

async::awaitable<base::result<>> file_table::reload() { co_return co_await look(true); }

}  // namespace waypost::table
