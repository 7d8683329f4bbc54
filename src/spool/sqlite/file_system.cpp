#include "file_system.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "waypost/base/ascii.hpp"
#include "waypost/process/files.hpp"
#include "waypost/process/io.hpp"

namespace waypost::spool::sqlite::file_system {
namespace {

[[noreturn]] void fail(const std::string& path, const char* operation,
                       const base::error_code& error = process::last_error()) {
    throw std::runtime_error(path + ": " + operation + ": " + error.message());
}

std::string first_line_of(int fd) {
    std::array<char, 32> text{};
    const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
    const std::string_view all(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    return base::printable(all.substr(0, all.find('\n')));
}

struct stat look_at(const std::string& path) {
    struct stat about{};
    if (::stat(path.c_str(), &about) != 0) fail(path, "cannot be looked at");
    return about;
}

/// True if it was made now, for us alone.
bool make_if_absent(const std::string& path) {
    std::filesystem::path above = std::filesystem::path(path).parent_path();
    std::error_code failed;
    if (!above.empty()) std::filesystem::create_directories(above, failed);
    if (failed) throw std::runtime_error(above.string() + ": cannot be made: " + failed.message());
    if (::mkdir(path.c_str(), 0700) == 0) {
        sync_directory(above.empty() ? "." : above.string());
        return true;
    }
    if (errno != EEXIST) fail(path, "cannot be made");
    return false;
}

bool is_group_of_ours(gid_t group) {
    if (group == ::getegid()) return true;
    std::vector<gid_t> all(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
    const int known = ::getgroups(static_cast<int>(all.size()), all.data());
    all.resize(static_cast<std::size_t>(std::max(0, known)));
    return std::ranges::find(all, group) != all.end();
}

/// A directory of root's, or of a group that we are in, and ours to write: its owner means us to use it.
bool is_lent_to_us(const std::string& path, const struct stat& attributes) {
    constexpr int all_of_it = R_OK | W_OK | X_OK;
    return S_ISDIR(attributes.st_mode) && (attributes.st_uid == 0 || is_group_of_ours(attributes.st_gid)) &&
           ::faccessat(AT_FDCWD, path.c_str(), all_of_it, AT_EACCESS) == 0;
}

/// Where others may write, one of them may have put a database there for us to believe.
void refuse_foreign_database(const std::string& path) {
    struct stat about{};
    const std::string database = path + "/queue.db";
    if (::lstat(database.c_str(), &about) != 0 || about.st_uid == ::geteuid()) return;
    throw std::runtime_error(database + ": belongs to user " + std::to_string(about.st_uid) +
                             ", but the queue is used by user " + std::to_string(::geteuid()));
}

/// One that somebody made for us, perhaps too open: only its owner can mend that. In a directory of another user's
/// that one could put files of its own in the place of ours.
void make_private(const std::string& path) {
    const auto directory = process::open_file(path, O_RDONLY | O_DIRECTORY);
    if (directory.has_error() && directory.error() == boost::system::errc::not_a_directory)
        throw std::runtime_error(path + ": is not a directory");
    if (directory.has_error()) fail(path, "cannot be opened", directory.error());
    struct stat about{};
    if (::fstat(directory->get(), &about) != 0) fail(path, "cannot be looked at");
    const bool is_ours = about.st_uid == ::geteuid();
    constexpr mode_t others = S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH;
    const bool is_private =
        is_ours && ((about.st_mode & others) == 0 || ::fchmod(directory->get(), about.st_mode & 0777 & ~others) == 0);
    if (!is_ours)
        throw std::runtime_error(path + ": belongs to user " + std::to_string(about.st_uid) +
                                 ", but the queue is used by user " + std::to_string(::geteuid()) +
                                 "; change its owner (chown -R), or run as that user");
    if (!is_private) fail(path, "can be read or written by others, and that cannot be changed");
}

}  // namespace

void make_private_directory(const std::string& path) {
    if (!make_if_absent(path)) make_private(path);
}

void make_queue_directory(const std::string& path, const std::function<void(const std::string&)>& warn) {
    if (make_if_absent(path)) return;
    const struct stat about = look_at(path);
    if (about.st_uid == ::geteuid() || !is_lent_to_us(path, about)) return make_private(path);
    refuse_foreign_database(path);
    if ((about.st_mode & S_IWOTH) != 0)
        warn(path +
             ": any user can write to it, and so remove the queue or put another in its place; close it to "
             "others (chmod o-w)");
}

void make_private_file(const std::string& path) {
    const auto file = process::open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (file.has_error()) fail(path, "cannot be made", file.error());
}

void sync_directory(const std::string& path) {
    const auto synced = process::sync_directory(path);
    if (synced.has_error()) fail(path, "cannot be synced", synced.error());
}

lock::lock(const std::string& directory) {
    const std::string path = directory + "/queue.lock";
    auto file = process::open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (file.has_error()) fail(path, "cannot be opened", file.error());
    file_ = std::move(*file);
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
        const std::string holder = first_line_of(file_.get());
        throw std::runtime_error("the queue in " + directory + " is in use by process " +
                                 (holder.empty() ? "(unknown)" : holder));
    }
    // Only a help for people, so a full disk does not matter: the lock itself is the flock.
    const std::string mine = std::to_string(::getpid()) + '\n';
    if (::ftruncate(file_.get(), 0) == 0 && ::pwrite(file_.get(), mine.data(), mine.size(), 0) > 0) return;
}

}  // namespace waypost::spool::sqlite::file_system
