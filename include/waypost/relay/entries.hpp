// The entries of a table that a relay looks at: relay URLs, addresses to send from. Each is there once, and of a very
// long table there are 64.
#pragma once

#include <string>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/base/result.hpp"
#include "waypost/table/table.hpp"

namespace waypost::relay {

/// As the table has them, the same at each asking: `ordered`.
async::awaitable<base::result<std::vector<std::string>>> entries_in_order(table::table& table, table::service kind);
/// Beginning with the one whose turn it is, and at each asking with the next.
async::awaitable<base::result<std::vector<std::string>>> entries_in_turn(table::table& table, table::service kind);

}  // namespace waypost::relay
