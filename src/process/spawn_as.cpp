#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "exec_strings.hpp"
#include "waypost/process/io.hpp"
#include "waypost/process/spawn.hpp"

namespace waypost::process {

namespace {

void reset_signals() {
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

bool connect_one(int fd, int target) {
    if (fd == standard_descriptors::inherited) return true;
    if (fd == standard_descriptors::nowhere) fd = ::open("/dev/null", O_RDWR);
    if (fd < 0) return false;
    return ::dup2(fd, target) >= 0;
}

bool connect(const standard_descriptors& descriptors) {
    return connect_one(descriptors.input, STDIN_FILENO) && connect_one(descriptors.output, STDOUT_FILENO) &&
           connect_one(descriptors.errors, STDERR_FILENO) &&
           ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

/// In the child. Returns errno, if it returns.
int begin(const user_identity& user, const program& program, char* const* arguments, char* const* environment) {
    program.in_own_session ? ::setsid() : ::setpgid(0, 0);
    reset_signals();
    const char* directory = program.directory.empty() ? "/" : program.directory.c_str();
    if (connect(program.descriptors) && become(user) && ::chdir(directory) == 0)
        ::execve(program.path.c_str(), arguments, environment);
    return errno;
}

/// No handler of ours runs in the child.
class blocked_signals {
public:
    blocked_signals() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &previous_mask_);
    }
    ~blocked_signals() { ::pthread_sigmask(SIG_SETMASK, &previous_mask_, nullptr); }
    blocked_signals(const blocked_signals&) = delete;
    blocked_signals& operator=(const blocked_signals&) = delete;

private:
    sigset_t previous_mask_{};
};

base::result<pid_t> fork_and_begin(const user_identity& user, const program& program, int errors) {
    const std::vector<char*> arguments = exec_strings(program.arguments);
    const std::vector<char*> environment = exec_strings(program.environment);
    const blocked_signals until_forked;
    const pid_t pid = ::fork();
    if (pid < 0) return last_error();
    if (pid > 0) return pid;
    const int error = begin(user, program, arguments.data(), environment.data());
    static_cast<void>(!::write(errors, &error, sizeof error));
    ::_exit(127);
}

}  // namespace

base::result<child> spawn_as(const user_identity& user, const program& program) {
    auto errors = make_pipe();  // closed by a program that has begun, else errno comes through it
    if (errors.has_error()) return errors.error();
    const auto pid = fork_and_begin(user, program, errors->writing.get());
    errors->writing.close();
    if (pid.has_error()) return pid.error();
    int error = 0;
    const auto octets = read_some(errors->reading.get(), {reinterpret_cast<char*>(&error), sizeof error});
    if (octets.has_value() && *octets == 0) return child::adopt(*pid);
    while (::waitpid(*pid, nullptr, 0) < 0 && errno == EINTR) {}
    const bool is_known = octets.has_value() && *octets == sizeof error;
    return base::error_code(is_known ? error : EIO, boost::system::system_category());
}

}  // namespace waypost::process
