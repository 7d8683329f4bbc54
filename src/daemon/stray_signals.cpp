#include "stray_signals.hpp"

#include <csignal>

namespace waypost::daemon {

namespace {

void do_nothing(int /*number*/) {}

}  // namespace

// Not SIG_IGN: that would be handed down to every program that we start.
void ignore_stray_signals() noexcept {
    struct sigaction nothing{};
    nothing.sa_handler = do_nothing;
    nothing.sa_flags = SA_RESTART;
    for (const int each : {SIGHUP, SIGUSR1, SIGUSR2}) ::sigaction(each, &nothing, nullptr);
}

}  // namespace waypost::daemon
