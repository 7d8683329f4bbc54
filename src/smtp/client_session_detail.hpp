// For the files of client_session.
#pragma once

#include <stdexcept>

namespace waypost::smtp {

/// What a driver does that no step asked for is a bug of the driver.
inline void require(bool condition, const char* otherwise) {
    if (!condition) throw std::logic_error(otherwise);
}

}  // namespace waypost::smtp
