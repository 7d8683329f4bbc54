// A command with pipes to its standard input and from its standard output and error, in a session of its own.
#pragma once

#include <string>
#include <vector>

#include "waypost/process/child.hpp"

namespace waypost::delivery_worker {

class piped_command {
public:
    /// Fails where the program cannot be run. A name without a slash is looked for in the PATH of `environment`. No
    /// shell; nothing but `environment` is handed on, and no descriptor but the three.
    static base::result<piped_command> start(const std::vector<std::string>& arguments,
                                             const std::vector<std::string>& environment, const std::string& directory);
    piped_command(piped_command&&) noexcept = default;
    piped_command& operator=(piped_command&&) = delete;
    /// As kill_and_wait().
    ~piped_command();

    /// Both do not block.
    process::descriptor input;
    process::descriptor output;

    /// Readable as soon as it has ended.
    [[nodiscard]] int pidfd() const noexcept { return child_.pidfd(); }
    /// Kills what is left of its process group, and it too if it still runs. How it ended, once.
    process::ending kill_and_wait();

private:
    explicit piped_command(process::child child) : child_(std::move(child)) {}
    process::child child_;
};

}  // namespace waypost::delivery_worker
