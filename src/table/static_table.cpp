#include "waypost/table/static_table.hpp"

#include "in_memory.hpp"

namespace waypost::table {

async::awaitable<base::result<std::optional<std::string>>> static_table::lookup(service kind, std::string key) {
    co_return copy_of(rows_.find(kind, key));
}

async::awaitable<base::result<std::optional<found>>> static_table::lookup_first(service kind,
                                                                                std::vector<std::string> keys) {
    co_return first_of(rows_, kind, std::move(keys));
}

async::awaitable<base::result<std::optional<std::string>>> static_table::lookup_pattern(service kind,
                                                                                        pattern_match matches) {
    co_return copy_of(rows_.find_pattern(kind, matches));
}

async::awaitable<base::result<std::optional<std::string>>> static_table::fetch(service) {
    if (rows_.size() == 0) co_return std::nullopt;
    co_return std::string(rows_.fetched(turn_.take(rows_.size())));
}

async::awaitable<base::result<std::vector<std::string>>> static_table::list(service, std::size_t up_to) {
    co_return list_of(rows_, up_to);
}

}  // namespace waypost::table
