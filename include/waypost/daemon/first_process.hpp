// What the first process of a container owes to the rest of it.
//
// Process 1 inherits every process whose parent has ended, as a command of a user leaves them behind, and has to take
// each off the system's list when it ends. A daemon cannot do that for strangers without a race for the exit codes of
// its own children. So where the daemon would be process 1 it becomes the only child of a process that does nothing
// else.
#pragma once

#include <functional>

namespace waypost::daemon {

/// The exit code of `program`. As process 1 it runs it in a child, hands on the signals that a daemon is given, ends
/// with it and answers as a shell does (128 + N after signal N). To be called before any thread begins.
int below_first_process(const std::function<int()>& program);

}  // namespace waypost::daemon
