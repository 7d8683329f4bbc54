#include "waypost/relay/entries.hpp"

#include <algorithm>

namespace waypost::relay {

namespace {

using texts = std::vector<std::string>;

constexpr std::size_t most_entries = 64;
// Of a longer one the entries beyond have no turn.
constexpr std::size_t longest_table = 1024;

texts without_repeats(const texts& all) {
    texts once;
    for (const std::string& each : all) {
        if (once.size() < most_entries && std::ranges::find(once, each) == once.end()) once.push_back(each);
    }
    return once;
}

}  // namespace

async::awaitable<base::result<texts>> entries_in_order(table::table& table, table::service kind) {
    const auto all = co_await table.list(kind, longest_table);
    if (all.has_error()) co_return all.error();
    co_return without_repeats(*all);
}

async::awaitable<base::result<texts>> entries_in_turn(table::table& table, table::service kind) {
    const auto next = co_await table.fetch(kind);
    if (next.has_error()) co_return next.error();
    if (!next->has_value()) co_return texts();
    auto all = co_await table.list(kind, longest_table);
    if (all.has_error()) co_return all.error();
    std::ranges::rotate(*all, std::ranges::find(*all, **next));
    co_return without_repeats(*all);
}

}  // namespace waypost::relay
