#include "file_table.hpp"

#include <algorithm>

#include "in_memory.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::table {

namespace {

using watched = watched_file<indexed_entries>;

watched::reader reader_with(std::vector<row_judge> judges) {
    return [judges = std::move(judges)](const std::string& path, last_line end, std::vector<file_fault>& doubts) {
        row_check check{.judges = judges};
        auto read = read_table_file(path, &check, end);
        doubts = std::move(check.doubts);
        if (auto* fault = std::get_if<file_fault>(&read)) return watched::read_result(std::move(*fault));
        return watched::read_result(std::make_shared<const indexed_entries>(std::get<entries>(std::move(read))));
    };
}

}  // namespace

std::variant<std::unique_ptr<file_table>, file_fault> file_table::open(std::string name, std::string path,
                                                                       dependencies& context) {
    auto opened = watched::open(name, std::move(path), reader_with({}), context);
    if (auto* fault = std::get_if<file_fault>(&opened)) return std::move(*fault);
    return std::unique_ptr<file_table>(new file_table(std::move(name), std::get<watched>(std::move(opened)), context));
}

void file_table::judge_by(row_judge judge) {
    if (std::ranges::find(judges_, judge) != judges_.end()) return;
    judges_.push_back(judge);
    file_.read_by(reader_with(judges_));
}

async::awaitable<base::result<>> file_table::look(bool in_any_case) {
    const auto replaced = co_await file_.look(in_any_case);
    if (replaced.has_error()) co_return replaced.error();
    if (*replaced == nullptr) co_return base::result<>();
    complaints_.forget();
    if (file_.content().size() == 0 && (**replaced).size() > 0) file_.warn({0, "it has no entries any more"}, {});
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
