// Starts a program as another user, for a process that is root: posix_spawn() cannot change identities.
//
// The child between fork() and execve() makes system calls and nothing else, whatever other threads were doing. Like
// base::program_start: no shell, signals as a new program expects them, a process group of its own, and no descriptor
// but the three.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "waypost/base/result.hpp"

namespace waypost::base {

struct user_identity {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;  // the supplementary ones
    std::string home = "/";
};

/// What the program has as its descriptors 0, 1 and 2.
struct three_descriptors {
    int input = -1;
    int output = -1;
    int errors = -1;
};

/// Blocks until the program has begun, at "/". The error is the system's. Whoever starts it waits for its end.
[[nodiscard]] result<pid_t> start_as(const user_identity& user, const three_descriptors& descriptors,
                                     const std::vector<std::string>& command,
                                     const std::vector<std::string>& environment);

}  // namespace waypost::base
