#include "child_process.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "blocking_io.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/program_start.hpp"

namespace waypost::delivery {

namespace {

struct pipe_ends {
    descriptor reading;
    descriptor writing;
};

base::result<pipe_ends> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return last_error();
    return pipe_ends{descriptor(ends[0]), descriptor(ends[1])};
}

/// A NUL would end a string early, and what follows it would be gone unseen.
bool has_nul(const std::vector<std::string>& strings) {
    return std::any_of(strings.begin(), strings.end(),
                       [](const std::string& text) { return text.find('\0') != std::string::npos; });
}

/// Empty if there is none: what has no slash is never looked for in the working directory, which is the user's.
std::string find_program(const std::string& name, const std::vector<std::string>& environment) {
    if (name.find('/') != std::string::npos) return name;
    for (const std::string& each : environment) {
        if (!each.starts_with("PATH=")) continue;
        for (const std::string_view directory : base::split(std::string_view(each).substr(5), ':')) {
            const std::string path = std::string(directory) + "/" + name;
            if (path.starts_with('/') && ::access(path.c_str(), X_OK) == 0) return path;
        }
    }
    return {};
}

}  // namespace

base::result<child_process> child_process::start(const std::vector<std::string>& arguments,
                                                 const std::vector<std::string>& environment,
                                                 const std::string& directory) {
    if (arguments.empty() || has_nul(arguments) || has_nul(environment))
        return make_error_code(boost::system::errc::invalid_argument);
    auto in = make_pipe();
    if (in.has_error()) return in.error();
    auto out = make_pipe();
    if (out.has_error()) return out.error();
    base::program_start start(base::program_start::session_mode::in_own_session);
    start.work_in(directory);
    start.connect(in->reading.get(), STDIN_FILENO);
    start.connect(out->writing.get(), STDOUT_FILENO);
    start.connect(out->writing.get(), STDERR_FILENO);
    const auto pid = start.run(find_program(arguments.front(), environment), arguments, environment);
    if (pid.has_error()) return pid.error();

    child_process made(*pid);
    made.input = std::move(in->writing);
    made.output = std::move(out->reading);
    // By its number: <sys/pidfd.h> of glibc 2.36 is no header for C++.
    made.ended = descriptor(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
    const bool is_watched = made.ended && ::fcntl(made.input.get(), F_SETFL, O_WRONLY | O_NONBLOCK) == 0 &&
                            ::fcntl(made.output.get(), F_SETFL, O_RDONLY | O_NONBLOCK) == 0;
    if (!is_watched) return last_error();
    return made;
}

child_process::child_process(child_process&& source) noexcept
    : input(std::move(source.input)),
      output(std::move(source.output)),
      ended(std::move(source.ended)),
      pid_(std::exchange(source.pid_, -1)) {}

child_process::~child_process() { kill_and_wait(); }

int child_process::kill_and_wait() {
    if (pid_ <= 0) return 0;
    // Before it is waited for, as its number may be another's afterwards. It is the leader of its group.
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    pid_ = -1;
    return status;
}

}  // namespace waypost::delivery
