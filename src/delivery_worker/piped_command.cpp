#include "piped_command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "waypost/base/ascii.hpp"
#include "waypost/process/io.hpp"
#include "waypost/process/spawn.hpp"

namespace waypost::delivery_worker {

namespace {

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

base::result<piped_command> piped_command::start(const std::vector<std::string>& arguments,
                                                 const std::vector<std::string>& environment,
                                                 const std::string& directory) {
    if (arguments.empty() || has_nul(arguments) || has_nul(environment))
        return make_error_code(boost::system::errc::invalid_argument);
    auto in = process::make_pipe();
    if (in.has_error()) return in.error();
    auto out = process::make_pipe();
    if (out.has_error()) return out.error();
    auto child = process::spawn({.path = find_program(arguments.front(), environment),
                                 .arguments = arguments,
                                 .environment = environment,
                                 .descriptors = {in->reading.get(), out->writing.get(), out->writing.get()},
                                 .directory = directory,
                                 .in_own_session = true});
    if (child.has_error()) return child.error();
    piped_command made(std::move(*child));
    made.input = std::move(in->writing);
    made.output = std::move(out->reading);
    const bool is_ready = ::fcntl(made.input.get(), F_SETFL, O_WRONLY | O_NONBLOCK) == 0 &&
                          ::fcntl(made.output.get(), F_SETFL, O_RDONLY | O_NONBLOCK) == 0;
    if (!is_ready) return process::last_error();
    return made;
}

piped_command::~piped_command() {
    if (child_) kill_and_wait();
}

process::ending piped_command::kill_and_wait() {
    // Before it is waited for, as its number may be another's afterwards. It is the leader of its group.
    child_.signal_group(SIGKILL);
    return child_.wait();
}

}  // namespace waypost::delivery_worker
