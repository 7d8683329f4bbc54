// A process that we started: signals for it, and its end.
//
// It is known by a descriptor (pidfd), not by its number, which the system may give to another process: the descriptor
// becomes readable when the process has ended, so a loop may wait for that as for any input. Whoever waits for it
// reaps it, once.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "waypost/base/result.hpp"
#include "waypost/process/descriptor.hpp"

namespace waypost::process {

/// How a process ended.
struct ending {
    bool by_signal = false;
    int number = 0;  // its exit code, or the signal

    [[nodiscard]] bool is_success() const noexcept { return !by_signal && number == 0; }
    /// "exit 3", "signal 9", for a log.
    [[nodiscard]] std::string text() const;
};

class child {
public:
    /// `pid` is a child of ours that nobody has waited for yet. Where it cannot be watched it is ended.
    [[nodiscard]] static base::result<child> adopt(pid_t pid);
    child(child&& source) noexcept : pid_(std::exchange(source.pid_, -1)), pidfd_(std::move(source.pidfd_)) {}
    child& operator=(child&&) = delete;
    /// Kills it, unless it was waited for or released, and waits for its end. Blocks for so long.
    ~child();

    /// Nobody has waited for it yet, or taken it over.
    explicit operator bool() const noexcept { return pid_ > 0; }
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    /// Readable when it has ended.
    [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }
    void signal(int number) const noexcept;
    /// For it and all of its process group, which it leads. Before it was waited for.
    void signal_group(int number) const noexcept;

    // Both block. Once it has ended there is nothing more to wait for.
    [[nodiscard]] std::optional<ending> wait_for(std::chrono::milliseconds patience);
    ending wait();

    /// Its pidfd, for a caller that reaps it by reap() and kills it if need be.
    [[nodiscard]] descriptor release() &&;

private:
    child(pid_t pid, descriptor pidfd) noexcept : pid_(pid), pidfd_(std::move(pidfd)) {}

    pid_t pid_;  // -1: waited for, or released
    descriptor pidfd_;
};

// The same for who has the pidfd alone. None of them blocks.
void send_signal(int pidfd, int number) noexcept;
/// A signal has stopped it (SIGSTOP and the like), and it waits to be continued.
[[nodiscard]] bool is_stopped(int pidfd) noexcept;
/// How it ended, once; nothing while it runs.
[[nodiscard]] std::optional<ending> reap(int pidfd) noexcept;

}  // namespace waypost::process
