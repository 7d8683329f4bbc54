#include "child_process.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string_view>
#include <thread>

#include "waypost/base/ascii.hpp"
#include "waypost/base/program_start.hpp"

namespace waypost::table {

namespace {

constexpr std::chrono::milliseconds time_to_end{200};
constexpr std::chrono::milliseconds between_looks{5};

void close_both(const int (&pair)[2]) {
    for (const int fd : pair) {
        if (fd >= 0) ::close(fd);
    }
}

bool may_be_known(std::string_view variable) {
    const std::string_view name = variable.substr(0, variable.find('='));
    return name == "PATH" || name == "TZ" || name == "LANG" || name == "LANGUAGE" || name.starts_with("LC_");
}

bool is_about_the_user(std::string_view variable) {
    const std::string_view name = variable.substr(0, variable.find('='));
    return name == "HOME" || name == "USER" || name == "LOGNAME";
}

std::vector<std::string> environment_of(const std::optional<base::user_identity>& user) {
    std::vector<std::string> made;
    for (char** each = environ; *each != nullptr; ++each) {
        if (may_be_known(*each) || (!user && is_about_the_user(*each))) made.emplace_back(*each);
    }
    if (!user) return made;
    made.push_back("HOME=" + user->home);
    made.push_back("USER=" + user->name);
    made.push_back("LOGNAME=" + user->name);
    return made;
}

base::result<pid_t> start_as_we_are(const std::vector<std::string>& arguments, int talk, int errors) {
    base::program_start start(base::program_start::session_mode::in_own_group);
    start.connect(talk, STDIN_FILENO);
    start.connect(talk, STDOUT_FILENO);
    start.connect(errors, STDERR_FILENO);
    return start.run(arguments.front(), arguments, environment_of(std::nullopt));
}

}  // namespace

std::variant<child_process, int> child_process::start(const std::vector<std::string>& arguments,
                                                      const std::optional<base::user_identity>& user) {
    int talk[2] = {-1, -1};
    int errors[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) != 0) return errno;
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, errors) != 0) {
        const int error = errno;
        close_both(talk);
        return error;
    }
    const auto pid = user ? base::start_as(*user, {talk[1], talk[1], errors[1]}, arguments, environment_of(user))
                          : start_as_we_are(arguments, talk[1], errors[1]);
    ::close(talk[1]);
    ::close(errors[1]);
    child_process made;
    made.talk_ = talk[0];
    made.errors_ = errors[0];
    if (pid.has_error()) return pid.error().value();
    made.pid_ = *pid;
    return made;
}

void child_process::close_errors() { ::close(std::exchange(errors_, -1)); }

child_process::~child_process() {
    close_both({talk_, errors_});
    if (pid_ < 0) return;
    ::kill(pid_, SIGTERM);
    const auto deadline = std::chrono::steady_clock::now() + time_to_end;
    while (std::chrono::steady_clock::now() < deadline) {
        if (::waitpid(pid_, nullptr, WNOHANG) != 0) return;
        std::this_thread::sleep_for(between_looks);
    }
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {}
}

std::vector<std::string> split_command(std::string_view line) {
    std::vector<std::string> words;
    std::optional<std::string> word;
    char quote = 0;
    for (const char c : line) {
        if (quote != 0 ? c == quote : c == '\'' || c == '"') {
            quote = quote != 0 ? 0 : c;
            if (!word) word.emplace();
        } else if (quote == 0 && base::is_blank(c)) {
            if (word) words.push_back(std::move(*word));
            word.reset();
        } else {
            if (!word) word.emplace();
            word->push_back(c);
        }
    }
    if (quote != 0) return {};
    if (word) words.push_back(std::move(*word));
    return words;
}

}  // namespace waypost::table
