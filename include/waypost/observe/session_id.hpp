// Ids by which the lines of one session are found together. Random, so that they are unique over restarts too.
#pragma once

#include <string>

namespace waypost::observe {

/// 16 hexadecimal digits.
[[nodiscard]] std::string new_session_id();

}  // namespace waypost::observe
