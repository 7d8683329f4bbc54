// What an exception says, for the log of whoever ends it.
#pragma once

#include <exception>
#include <string>

namespace waypost::base {

[[nodiscard]] std::string text_of(const std::exception_ptr& failed);

}  // namespace waypost::base
