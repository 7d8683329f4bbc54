#include "waypost/process/child.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "waypost/process/io.hpp"

namespace waypost::process {

namespace {

/// By its number: <sys/pidfd.h> of glibc 2.36 is no header for C++.
int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)); }

/// Nothing where it has not ended yet, which only happens with WNOHANG, or is no child of ours.
std::optional<ending> wait_on(int pidfd, int options) noexcept {
    siginfo_t change{};
    int failed = 0;
    do {
        failed = ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &change, WEXITED | options);
    } while (failed != 0 && errno == EINTR);
    if (failed != 0 || change.si_pid == 0) return std::nullopt;
    return ending{.by_signal = change.si_code != CLD_EXITED, .number = change.si_status};
}

}  // namespace

std::string ending::text() const { return (by_signal ? "signal " : "exit ") + std::to_string(number); }

base::result<child> child::adopt(pid_t pid) {
    descriptor pidfd(open_pidfd(pid));
    if (pidfd) return child(pid, std::move(pidfd));
    const auto failed = last_error();
    ::kill(-pid, SIGKILL);  // what it may have started, too
    ::kill(pid, SIGKILL);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {}
    return failed;
}

child::~child() {
    if (pid_ < 0) return;
    signal(SIGKILL);
    wait();
}

void child::signal(int number) const noexcept { send_signal(pidfd_.get(), number); }

void child::signal_group(int number) const noexcept {
    if (pid_ > 0) ::kill(-pid_, number);
}

std::optional<ending> child::wait_for(std::chrono::milliseconds patience) {
    using clock = std::chrono::steady_clock;
    const auto deadline = clock::now() + patience;
    for (;;) {
        if (auto ended = reap(pidfd_.get())) {
            pid_ = -1;
            return ended;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
        if (left <= 0) return std::nullopt;
        pollfd watched{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
        if (::poll(&watched, 1, static_cast<int>(left)) > 0) return wait();
    }
}

ending child::wait() {
    const auto ended = wait_on(pidfd_.get(), 0);
    pid_ = -1;
    // Where the system does not say how it ended, it was no success.
    return ended.value_or(ending{.by_signal = true});
}

descriptor child::release() && {
    pid_ = -1;
    return std::move(pidfd_);
}

void send_signal(int pidfd, int number) noexcept { ::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0U); }

bool is_stopped(int pidfd) noexcept {
    siginfo_t change{};
    constexpr int look_only = WSTOPPED | WNOHANG | WNOWAIT;
    return ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &change, look_only) == 0 && change.si_pid != 0;
}

std::optional<ending> reap(int pidfd) noexcept { return wait_on(pidfd, WNOHANG); }

}  // namespace waypost::process
