// Any service of any table, chosen at run time: for a person who wants to see what the daemon would be told.
#pragma once

#include <optional>
#include <string>

#include "waypost/base/result.hpp"
#include "waypost/table/table.hpp"

namespace waypost::table {

/// What find() gives for this service, as text; of credentials the user name alone. An alias with an @ in it is looked
/// up as one of a virtual domain.
async::awaitable<base::result<std::optional<std::string>>> ask(table& rows, service kind, std::string key,
                                                               char tag_delimiter = '+');

}  // namespace waypost::table
