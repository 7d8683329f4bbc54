#include "waypost/daemon/core_dumps.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace waypost::daemon {

// Where it is dumpable no more, LeakSanitizer cannot look into it either.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WAYPOST_STAYS_DUMPABLE
#endif
#endif

// Both: a core that goes to a program (kernel.core_pattern) is not bounded by the limit, and whether a process is
// dumpable is forgotten when it executes another program.
void forbid_core_dumps() noexcept {
    rlimit size{};
    if (::getrlimit(RLIMIT_CORE, &size) == 0) {
        size.rlim_cur = 0;
        ::setrlimit(RLIMIT_CORE, &size);
    }
#ifndef WAYPOST_STAYS_DUMPABLE
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

}  // namespace waypost::daemon
