// Starts a program: no shell, signals as a new program expects them whatever we do with ours, and no descriptor but the
// three that it is given (Asio's sockets are not marked close-on-exec). Whoever starts it waits for its end.
#pragma once

#include <spawn.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "waypost/base/result.hpp"

namespace waypost::base {

class program_start {
public:
    /// Either way a Ctrl-C at our terminal is not for it.
    enum class session_mode { in_own_group, in_own_session };

    explicit program_start(session_mode mode);
    ~program_start();
    program_start(const program_start&) = delete;
    program_start& operator=(const program_start&) = delete;

    /// What is `fd` here is its descriptor `target_fd`, one of the three.
    void connect(int fd, int target_fd);
    /// Its standard output goes nowhere.
    void mute();
    void work_in(const std::string& directory);

    /// Blocks for as long as the system needs to begin it. The error is the system's. Once.
    [[nodiscard]] result<pid_t> run(const std::string& program, const std::vector<std::string>& arguments,
                                    const std::vector<std::string>& environment);
    /// With our environment.
    [[nodiscard]] result<pid_t> run(const std::string& program, const std::vector<std::string>& arguments);

private:
    result<pid_t> run(const std::string& program, const std::vector<std::string>& arguments, char* const* environment);

    posix_spawnattr_t attributes_{};
    posix_spawn_file_actions_t files_{};
};

}  // namespace waypost::base
