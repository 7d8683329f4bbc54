#include "file_system.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "waypost/base/ascii.hpp"

namespace waypost::spool::file_system {
namespace {

[[noreturn]] void fail(const std::string& path, const char* what) {
    throw std::runtime_error(path + ": " + what + ": " + std::system_category().message(errno));
}

std::string first_line_of(int fd) {
    std::array<char, 32> text{};
    const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
    const std::string_view all(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    return base::printable(all.substr(0, all.find('\n')));
}

}  // namespace

void make_private_directory(const std::string& path) {
    std::filesystem::path above = std::filesystem::path(path).parent_path();
    std::error_code failed;
    if (!above.empty()) std::filesystem::create_directories(above, failed);
    if (failed) throw std::runtime_error(above.string() + ": cannot be made: " + failed.message());
    if (::mkdir(path.c_str(), 0700) == 0) return sync_directory(above.empty() ? "." : above.string());
    if (errno != EEXIST) fail(path, "cannot be made");
    if (!std::filesystem::is_directory(path)) throw std::runtime_error(path + ": is not a directory");
}

void make_private_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) fail(path, "cannot be made");
    ::close(fd);
}

void sync_directory(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) fail(path, "cannot be opened");
    const int synced = ::fsync(fd);
    ::close(fd);
    if (synced != 0) fail(path, "cannot be synced");
}

lock::lock(const std::string& directory) {
    const std::string path = directory + "/queue.lock";
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd_ < 0) fail(path, "cannot be opened");
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        const std::string holder = first_line_of(fd_);
        ::close(fd_);
        throw std::runtime_error("the queue in " + directory + " is in use by process " +
                                 (holder.empty() ? "(unknown)" : holder));
    }
    // Only a help for people, so a full disk does not matter: the lock itself is the flock.
    const std::string mine = std::to_string(::getpid()) + '\n';
    if (::ftruncate(fd_, 0) == 0 && ::pwrite(fd_, mine.data(), mine.size(), 0) > 0) return;
}

lock::~lock() { ::close(fd_); }

}  // namespace waypost::spool::file_system
