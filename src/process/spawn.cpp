#include "waypost/process/spawn.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <csignal>

#include "exec_strings.hpp"

namespace waypost::process {

namespace {

class attributes {
public:
    explicit attributes(bool in_own_session) {
        ::posix_spawnattr_init(&value_);
        sigset_t signals;
        ::sigemptyset(&signals);
        ::posix_spawnattr_setsigmask(&value_, &signals);
        ::sigfillset(&signals);
        ::posix_spawnattr_setsigdefault(&value_, &signals);
        ::posix_spawnattr_setpgroup(&value_, 0);
        const int group = in_own_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
        ::posix_spawnattr_setflags(&value_, static_cast<short>(group | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    }
    ~attributes() { ::posix_spawnattr_destroy(&value_); }
    attributes(const attributes&) = delete;
    attributes& operator=(const attributes&) = delete;
    [[nodiscard]] const posix_spawnattr_t* get() const noexcept { return &value_; }

private:
    posix_spawnattr_t value_{};
};

class file_actions {
public:
    explicit file_actions(const program& program) {
        ::posix_spawn_file_actions_init(&value_);
        if (!program.directory.empty()) ::posix_spawn_file_actions_addchdir_np(&value_, program.directory.c_str());
        connect(program.descriptors.input, STDIN_FILENO, O_RDONLY);
        connect(program.descriptors.output, STDOUT_FILENO, O_WRONLY);
        connect(program.descriptors.errors, STDERR_FILENO, O_WRONLY);
        ::posix_spawn_file_actions_addclosefrom_np(&value_, STDERR_FILENO + 1);
    }
    ~file_actions() { ::posix_spawn_file_actions_destroy(&value_); }
    file_actions(const file_actions&) = delete;
    file_actions& operator=(const file_actions&) = delete;
    [[nodiscard]] const posix_spawn_file_actions_t* get() const noexcept { return &value_; }

private:
    void connect(int fd, int target, int flags) {
        if (fd == standard_descriptors::nowhere)
            ::posix_spawn_file_actions_addopen(&value_, target, "/dev/null", flags, 0);
        else if (fd != standard_descriptors::inherited)
            ::posix_spawn_file_actions_adddup2(&value_, fd, target);
    }

    posix_spawn_file_actions_t value_{};
};

}  // namespace

base::result<child> spawn(const program& program) {
    const attributes attributes(program.in_own_session);
    const file_actions files(program);
    pid_t pid = -1;
    const int failed = ::posix_spawn(&pid, program.path.c_str(), files.get(), attributes.get(),
                                     exec_strings(program.arguments).data(), exec_strings(program.environment).data());
    if (failed != 0) return base::error_code(failed, boost::system::system_category());
    return child::adopt(pid);
}

}  // namespace waypost::process
