#include "waypost/base/start_as.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "exec_strings.hpp"

namespace waypost::base {

namespace {

void forget_signals() {
    struct sigaction usual = {};
    usual.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &usual, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// The C library's own would tell the other threads, which this process does not have.
bool become(const user_identity& user) {
    return ::syscall(SYS_setgroups, user.groups.size(), user.groups.data()) == 0 &&
           ::syscall(SYS_setresgid, user.gid, user.gid, user.gid) == 0 &&
           ::syscall(SYS_setresuid, user.uid, user.uid, user.uid) == 0;
}

bool connect(const three_descriptors& descriptors) {
    return ::dup2(descriptors.input, STDIN_FILENO) >= 0 && ::dup2(descriptors.output, STDOUT_FILENO) >= 0 &&
           ::dup2(descriptors.errors, STDERR_FILENO) >= 0 &&
           ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

/// In the child. Returns errno, if it returns.
int begin(const user_identity& user, const three_descriptors& descriptors, char* const* command,
          char* const* environment) {
    ::setpgid(0, 0);
    forget_signals();
    if (connect(descriptors) && become(user) && ::chdir("/") == 0) ::execve(command[0], command, environment);
    return errno;
}

/// No handler of ours runs in the child.
class quiet_moment {
public:
    quiet_moment() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &previous_mask_);
    }
    ~quiet_moment() { ::pthread_sigmask(SIG_SETMASK, &previous_mask_, nullptr); }
    quiet_moment(const quiet_moment&) = delete;
    quiet_moment& operator=(const quiet_moment&) = delete;

private:
    sigset_t previous_mask_{};
};

error_code system_error(int number) { return {number, boost::system::system_category()}; }

}  // namespace

result<pid_t> start_as(const user_identity& user, const three_descriptors& descriptors,
                       const std::vector<std::string>& command, const std::vector<std::string>& environment) {
    std::array<int, 2> news{-1, -1};  // closed by a program that has begun, else errno
    if (::pipe2(news.data(), O_CLOEXEC) != 0) return system_error(errno);
    const std::vector<char*> words = exec_strings(command);
    const std::vector<char*> variables = exec_strings(environment);
    pid_t pid = -1;
    int failed = 0;
    {
        const quiet_moment now;
        pid = ::fork();
        if (pid == 0) {
            const int error = begin(user, descriptors, words.data(), variables.data());
            static_cast<void>(!::write(news[1], &error, sizeof error));
            ::_exit(127);
        }
        if (pid < 0) failed = errno;
    }
    ::close(news[1]);
    int error = 0;
    ssize_t got = 0;
    while (pid > 0 && (got = ::read(news[0], &error, sizeof error)) < 0 && errno == EINTR) {}
    ::close(news[0]);
    if (pid < 0) return system_error(failed);
    if (got == 0) return pid;
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {}
    return system_error(got == sizeof error ? error : EIO);
}

}  // namespace waypost::base
