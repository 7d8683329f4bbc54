// Signals that are habits of administrators and their scripts (reload, rotate logs) and would end a program that does
// not know them.
#pragma once

namespace waypost::daemon {

/// SIGHUP, SIGUSR1 and SIGUSR2 do nothing to this process. Programs that it starts have them as usual.
void ignore_stray_signals() noexcept;

}  // namespace waypost::daemon
