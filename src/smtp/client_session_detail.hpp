// For the files of client_session.
#pragma once

#include <stdexcept>

namespace waypost::smtp {

/// What a driver does that no step asked for is a bug of the driver.
inline void require(bool so, const char* otherwise) {
    if (!so) throw std::logic_error(otherwise);
}

}  // namespace waypost::smtp
