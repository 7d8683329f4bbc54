// A command with pipes to its standard input and from its standard output and error, in a session of its own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "descriptor.hpp"
#include "waypost/base/result.hpp"

namespace waypost::delivery {

class child_process {
public:
    /// Fails where the program cannot be run. A name without a slash is looked for in the PATH of `environment`. No
    /// shell; nothing but `environment` is handed on, and no descriptor but the three.
    static base::result<child_process> start(const std::vector<std::string>& arguments,
                                             const std::vector<std::string>& environment, const std::string& directory);
    child_process(child_process&& source) noexcept;
    child_process& operator=(child_process&&) = delete;
    /// As kill_and_wait().
    ~child_process();

    /// Both do not block.
    descriptor input;
    descriptor output;
    /// Readable as soon as it has ended.
    descriptor ended;

    /// Kills what is left of its process group, and it too if it still runs. Answers as waitpid() does, once.
    int kill_and_wait();

private:
    explicit child_process(pid_t pid) : pid_(pid) {}
    pid_t pid_;
};

}  // namespace waypost::delivery
