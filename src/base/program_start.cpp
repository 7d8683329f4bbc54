#include "waypost/base/program_start.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "exec_strings.hpp"

extern char** environ;

namespace waypost::base {

program_start::program_start(session_mode mode) {
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_init(&files_);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    const int place = mode == session_mode::in_own_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
    ::posix_spawnattr_setflags(&attributes_,
                               static_cast<short>(place | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
}

program_start::~program_start() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&files_);
}

void program_start::connect(int fd, int target_fd) { ::posix_spawn_file_actions_adddup2(&files_, fd, target_fd); }

void program_start::mute() { ::posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0); }

void program_start::work_in(const std::string& directory) {
    ::posix_spawn_file_actions_addchdir_np(&files_, directory.c_str());
}

result<pid_t> program_start::run(const std::string& program, const std::vector<std::string>& arguments,
                                 const std::vector<std::string>& environment) {
    return run(program, arguments, exec_strings(environment).data());
}

result<pid_t> program_start::run(const std::string& program, const std::vector<std::string>& arguments) {
    return run(program, arguments, environ);
}

result<pid_t> program_start::run(const std::string& program, const std::vector<std::string>& arguments,
                                 char* const* environment) {
    ::posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    pid_t pid = -1;
    const int failed =
        ::posix_spawn(&pid, program.c_str(), &files_, &attributes_, exec_strings(arguments).data(), environment);
    if (failed != 0) return error_code(failed, boost::system::system_category());
    return pid;
}

}  // namespace waypost::base
