#include "waypost/daemon/first_process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>

#include "stray_signals.hpp"

namespace waypost::daemon {

namespace {

// Those that mean something to the daemon, if only its end.
constexpr std::array handed_on{SIGTERM, SIGINT, SIGHUP, SIGQUIT};

/// Everybody who has ended; the exit code once that is the daemon.
std::optional<int> bury_the_ended(pid_t daemon) {
    std::optional<int> code;
    int status = 0;
    for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        if (ended != daemon) continue;
        code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    return code;
}

int watch_over(pid_t daemon, const sigset_t& signals) {
    for (;;) {
        const int number = ::sigwaitinfo(&signals, nullptr);
        if (number == SIGCHLD) {
            if (const auto code = bury_the_ended(daemon)) return *code;
        } else if (std::ranges::find(handed_on, number) != handed_on.end()) {
            ::kill(daemon, number);
        }
    }
}

}  // namespace

int below_first_process(const std::function<int()>& program) {
    ignore_stray_signals();
    if (::getpid() != 1) return program();
    sigset_t signals;
    sigset_t before;
    ::sigfillset(&signals);
    ::sigprocmask(SIG_SETMASK, &signals, &before);
    const pid_t daemon = ::fork();
    if (daemon > 0) return watch_over(daemon, signals);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    // In a group of its own: a Ctrl-C at the terminal comes once, from us. Where there can be no child, the daemon runs
    // all the same.
    if (daemon == 0) ::setpgid(0, 0);
    return program();
}

}  // namespace waypost::daemon
