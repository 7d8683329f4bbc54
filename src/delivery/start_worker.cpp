#include "start_worker.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "waypost/base/program_start.hpp"

namespace waypost::delivery {

namespace {

base::error_code system_error(int number) { return {number, boost::system::system_category()}; }

int open_process(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)); }

}  // namespace

base::result<started_worker> start_worker(identity identity) {
    int pair[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return system_error(errno);
    started_worker made{.socket = descriptor(pair[0]), .process = {}};
    const descriptor theirs(pair[1]);

    base::program_start start(base::program_start::session_mode::in_own_group);
    start.connect(theirs.get(), STDIN_FILENO);
    start.mute();
    const std::vector<std::string> nothing;
    const auto pid =
        start.run("/proc/self/exe",
                  {"waypost", "delivery-worker", std::to_string(identity.uid), std::to_string(identity.gid)}, nothing);
    if (pid.has_error()) return pid.error();

    made.process = descriptor(open_process(*pid));
    if (made.process.get() < 0) {
        const int error = errno;
        ::kill(*pid, SIGKILL);
        while (::waitpid(*pid, nullptr, 0) < 0 && errno == EINTR) {}
        return system_error(error);
    }
    return made;
}

bool is_stopped(int process) noexcept {
    siginfo_t change{};
    constexpr int look_only = WSTOPPED | WNOHANG | WNOWAIT;
    return ::waitid(P_PIDFD, static_cast<id_t>(process), &change, look_only) == 0 && change.si_pid != 0;
}

void kill_worker(int process) noexcept { ::syscall(SYS_pidfd_send_signal, process, SIGKILL, nullptr, 0U); }

std::string reap_worker(int process) {
    siginfo_t how{};
    if (::waitid(P_PIDFD, static_cast<id_t>(process), &how, WEXITED | WNOHANG) != 0 || how.si_pid == 0) return {};
    if (how.si_code != CLD_EXITED) return "signal " + std::to_string(how.si_status);
    return how.si_status == 0 ? std::string() : "exit " + std::to_string(how.si_status);
}

}  // namespace waypost::delivery
