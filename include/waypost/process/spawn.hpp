// Starts a program: no shell, signals as a new program expects them whatever we do with ours, in a process group of its
// own (a Ctrl-C at our terminal is not for it), and no descriptor but the three (Asio's sockets are not marked
// close-on-exec).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "waypost/base/result.hpp"
#include "waypost/process/child.hpp"

namespace waypost::process {

/// What the program has as its descriptors 0, 1 and 2: one of ours, or one of these.
struct standard_descriptors {
    static constexpr int inherited = -1;
    static constexpr int nowhere = -2;

    int input = inherited;
    int output = inherited;
    int errors = inherited;
};

struct program {
    std::string path;
    std::vector<std::string> arguments;  // the first is its name
    std::vector<std::string> environment = {};  // NAME=value
    standard_descriptors descriptors = {};
    std::string directory = {};  // empty: ours, and with spawn_as() the root
    bool in_own_session = false;  // without our terminal
};

struct user_identity {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;  // the supplementary ones
    std::string home = "/";
};

// Both block until the program has begun. The error is the system's.
[[nodiscard]] base::result<child> spawn(const program& program);
/// As another user, which only root can, since posix_spawn() cannot change identities. The child between fork() and
/// execve() makes system calls and nothing else, whatever other threads were doing.
[[nodiscard]] base::result<child> spawn_as(const user_identity& user, const program& program);

}  // namespace waypost::process
