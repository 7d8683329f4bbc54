// c-ares as a whole: set up once in the process, and its status codes as exceptions where a start cannot succeed.
#pragma once

#include <ares.h>

#include <stdexcept>
#include <string>

namespace waypost::dns {

inline void check(int status, const std::string& operation) {
    if (status != ARES_SUCCESS) throw std::runtime_error(operation + ": " + ::ares_strerror(status));
}

/// Counts nothing down again: on the systems that we run on there is nothing to clean up.
inline void use_library() {
    static const int status = ::ares_library_init(ARES_LIB_INIT_ALL);
    check(status, "cannot set up c-ares");
}

}  // namespace waypost::dns
