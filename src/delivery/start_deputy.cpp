#include "start_deputy.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

namespace waypost::delivery {

namespace {

base::error_code system_error(int number) { return {number, boost::system::system_category()}; }

struct file_actions {
    explicit file_actions(int socket) {
        posix_spawn_file_actions_init(&of);
        posix_spawn_file_actions_adddup2(&of, socket, STDIN_FILENO);
        posix_spawn_file_actions_addopen(&of, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        // Not all that we have open is marked close-on-exec: Asio's sockets are not.
        posix_spawn_file_actions_addclosefrom_np(&of, STDERR_FILENO + 1);
    }
    ~file_actions() { posix_spawn_file_actions_destroy(&of); }
    file_actions(const file_actions&) = delete;
    file_actions& operator=(const file_actions&) = delete;
    posix_spawn_file_actions_t of{};
};

/// The signals as a new program has them, and a process group of its own: a Ctrl-C at our terminal is not for it.
struct attributes {
    attributes() {
        posix_spawnattr_init(&of);
        posix_spawnattr_setflags(&of, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
        sigset_t set;
        sigemptyset(&set);
        posix_spawnattr_setsigmask(&of, &set);
        sigfillset(&set);
        posix_spawnattr_setsigdefault(&of, &set);
        posix_spawnattr_setpgroup(&of, 0);
    }
    ~attributes() { posix_spawnattr_destroy(&of); }
    attributes(const attributes&) = delete;
    attributes& operator=(const attributes&) = delete;
    posix_spawnattr_t of{};
};

int open_process(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)); }

}  // namespace

base::result<started_deputy> start_deputy(identity who) {
    int pair[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return system_error(errno);
    started_deputy made{.socket = descriptor(pair[0]), .process = {}};
    const descriptor theirs(pair[1]);

    std::string program = "waypost";
    std::string word = "deputy";
    std::string uid = std::to_string(who.uid);
    std::string gid = std::to_string(who.gid);
    const std::array<char*, 5> arguments = {program.data(), word.data(), uid.data(), gid.data(), nullptr};
    const std::array<char*, 1> environment = {nullptr};
    const file_actions files(theirs.get());
    const attributes how;
    pid_t pid = -1;
    const int failed = ::posix_spawn(&pid, "/proc/self/exe", &files.of, &how.of, arguments.data(), environment.data());
    if (failed != 0) return system_error(failed);

    made.process = descriptor(open_process(pid));
    if (made.process.get() < 0) {
        const int error = errno;
        ::kill(pid, SIGKILL);
        while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {}
        return system_error(error);
    }
    return made;
}

void kill_deputy(int process) noexcept { ::syscall(SYS_pidfd_send_signal, process, SIGKILL, nullptr, 0U); }

std::string bury_deputy(int process) {
    siginfo_t how{};
    if (::waitid(P_PIDFD, static_cast<id_t>(process), &how, WEXITED | WNOHANG) != 0 || how.si_pid == 0) return {};
    if (how.si_code != CLD_EXITED) return "signal " + std::to_string(how.si_status);
    return how.si_status == 0 ? std::string() : "exit " + std::to_string(how.si_status);
}

}  // namespace waypost::delivery
