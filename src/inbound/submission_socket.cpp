#include "waypost/inbound/submission_socket.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace waypost::inbound {

namespace {

constexpr unsigned open_to_all = 0666;
constexpr mode_t for_all_to_pass = 0755;

/// What is wrong with it shows when the socket is opened.
void make_directory(const std::string& path) {
    // The mode of mkdir() is subject to the umask.
    if (::mkdir(path.c_str(), for_all_to_pass) == 0) ::chmod(path.c_str(), for_all_to_pass);
}

submission_socket open_at(const async::executor& executor, const std::string& path) {
    make_directory(std::filesystem::path(path).parent_path().string());
    return {net::acceptor::unix_socket(executor, path, open_to_all), path};
}

/// Others may pass through our state directory, and still neither list it nor read any of its files.
void make_passable(const std::string& directory) {
    struct stat state{};
    if (::stat(directory.c_str(), &state) != 0 || state.st_uid != ::geteuid()) return;
    ::chmod(directory.c_str(), (state.st_mode & 07777U) | S_IXGRP | S_IXOTH);
}

}  // namespace

submission_socket open_submission_socket(const async::executor& executor, const settings& settings, observe::log& log,
                                         const std::string& usual_path) {
    if (!settings.socket_path.empty()) return open_at(executor, settings.socket_path);
    try {
        return open_at(executor, usual_path);
    } catch (const std::runtime_error& refusal) {
        log.warn("smtp", "usual-socket-unavailable", {{"reason", refusal.what()}, {"state", settings.state_directory}});
    }
    auto opened = open_at(executor, settings.state_directory + "/" + socket_in_state_directory);
    make_passable(settings.state_directory);
    return opened;
}

}  // namespace waypost::inbound
