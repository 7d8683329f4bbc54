// A crash must leave no secrets on the disk.
#pragma once

namespace waypost::daemon {

/// From here on this process leaves no core file and no other user's process may look into it; programs that it starts
/// leave none either unless they ask for it.
void forbid_core_dumps() noexcept;

}  // namespace waypost::daemon
