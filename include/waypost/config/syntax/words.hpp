// Words that mean something to the grammar.
#pragma once

#include <string_view>

namespace waypost::config {

/// A keyword of today's grammar: never a string, unless quoted.
[[nodiscard]] bool is_keyword(std::string_view word);

/// A keyword of the 2012 to 2017 grammar alone. It may be a name, but not a string where one is optional: there it goes
/// on with the rule (`deliver to maildir expire 4d`).
[[nodiscard]] bool is_old_keyword(std::string_view word);

}  // namespace waypost::config
