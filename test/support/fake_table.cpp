#include "support/fake_table.hpp"

#include <iterator>

namespace waypost::test {

namespace {

using row = base::result<std::optional<std::string>>;

row could_not_ask() { return waypost::table::errc::unavailable; }

}  // namespace

async::awaitable<row> fake_table::lookup(waypost::table::service kind, std::string key) {
    asked.emplace_back(kind, key);
    if (unavailable) co_return could_not_ask();
    const auto found = rows.find(key);
    if (found == rows.end()) co_return std::nullopt;
    co_return found->second;
}

async::awaitable<row> fake_table::lookup_pattern(waypost::table::service, waypost::table::pattern_match matches) {
    if (unavailable) co_return could_not_ask();
    for (const auto& [key, value] : rows) {
        if (matches(key)) co_return value;
    }
    co_return std::nullopt;
}

async::awaitable<row> fake_table::fetch(waypost::table::service) {
    if (unavailable) co_return could_not_ask();
    if (rows.empty()) co_return std::nullopt;
    const auto entry = std::next(rows.begin(), static_cast<std::ptrdiff_t>(next_++ % rows.size()));
    co_return entry->second;
}

async::awaitable<base::result<std::vector<std::string>>> fake_table::list(waypost::table::service, std::size_t most) {
    if (unavailable) co_return waypost::table::errc::unavailable;
    std::vector<std::string> all;
    for (const auto& [key, value] : rows) {
        if (all.size() < most) all.push_back(value);
    }
    co_return all;
}

}  // namespace waypost::test
