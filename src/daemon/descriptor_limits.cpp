#include "descriptor_limits.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace waypost::daemon {

namespace {

// The log, the queue's files, the DNS, the listeners.
constexpr std::size_t descriptors_for_ourselves = 128;

}  // namespace

void fit_to_descriptors(config::generation& settings) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    ::getrlimit(RLIMIT_NOFILE, &files);
    const std::size_t usable =
        std::max<std::size_t>(files.rlim_cur, 2 * descriptors_for_ourselves) - descriptors_for_ourselves;
    settings.inbound.max_sessions = std::min(settings.inbound.max_sessions, usable / 2);
    settings.relay.most_open = usable / 2;
}

}  // namespace waypost::daemon
