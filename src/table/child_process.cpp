#include "child_process.hpp"

#include <fcntl.h>
#include <spawn.h>
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

extern char** environ;

namespace waypost::table {

namespace {

constexpr std::chrono::milliseconds time_to_end{200};
constexpr std::chrono::milliseconds between_looks{5};

struct actions {
    actions() { posix_spawn_file_actions_init(&of); }
    ~actions() { posix_spawn_file_actions_destroy(&of); }
    actions(const actions&) = delete;
    actions& operator=(const actions&) = delete;
    posix_spawn_file_actions_t of{};
};

/// The signals as a program expects them, whatever we do with ours, and a process group of its own: what the terminal
/// sends to us is not for it.
struct attributes {
    attributes() {
        posix_spawnattr_init(&of);
        posix_spawnattr_setflags(&of, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
        sigset_t set;
        sigemptyset(&set);
        posix_spawnattr_setsigmask(&of, &set);
        sigaddset(&set, SIGPIPE);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGHUP);
        posix_spawnattr_setsigdefault(&of, &set);
        posix_spawnattr_setpgroup(&of, 0);
    }
    ~attributes() { posix_spawnattr_destroy(&of); }
    attributes(const attributes&) = delete;
    attributes& operator=(const attributes&) = delete;
    posix_spawnattr_t of{};
};

void close_both(const int (&pair)[2]) {
    for (const int fd : pair) {
        if (fd >= 0) ::close(fd);
    }
}

}  // namespace

std::variant<child_process, int> child_process::start(const std::vector<std::string>& arguments) {
    int talk[2] = {-1, -1};
    int errors[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) != 0) return errno;
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, errors) != 0) {
        const int error = errno;
        close_both(talk);
        return error;
    }
    const actions files;
    posix_spawn_file_actions_adddup2(const_cast<posix_spawn_file_actions_t*>(&files.of), talk[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(const_cast<posix_spawn_file_actions_t*>(&files.of), talk[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(const_cast<posix_spawn_file_actions_t*>(&files.of), errors[1], STDERR_FILENO);
    const attributes how;
    std::vector<char*> words;
    words.reserve(arguments.size() + 1);
    for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);

    child_process made;
    const int error = ::posix_spawn(&made.pid_, words.front(), &files.of, &how.of, words.data(), environ);
    ::close(talk[1]);
    ::close(errors[1]);
    made.talk_ = talk[0];
    made.errors_ = errors[0];
    if (error != 0) {
        made.pid_ = -1;
        return error;
    }
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
