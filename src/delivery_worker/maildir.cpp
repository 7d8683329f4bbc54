#include "maildir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "waypost/process/files.hpp"
#include "waypost/process/io.hpp"

namespace waypost::delivery_worker {

namespace fs = std::filesystem;

namespace {

/// Makes the directory and all that leads to it. What was made is on disk before anything is put into it.
base::result<> ensure_directory(const fs::path& path) {
    if (::mkdir(path.c_str(), 0700) == 0)
        return process::sync_directory(path.has_parent_path() ? path.parent_path() : ".");
    if (errno == EEXIST) return {};
    if (errno != ENOENT || path.parent_path() == path) return process::last_error();
    if (auto above = ensure_directory(path.parent_path()); above.has_error()) return above.error();
    return ensure_directory(path);
}

/// tmp/ comes last: where it is, the others are.
base::result<> ensure_folders(const std::string& maildir) {
    for (const char* folder : {"/cur", "/new", "/tmp"}) {
        if (auto ready = ensure_directory(maildir + folder); ready.has_error()) return ready.error();
    }
    return {};
}

bool is_one_file(const std::string& text, const std::string& right) {
    struct stat first{};
    struct stat second{};
    return ::lstat(text.c_str(), &first) == 0 && ::lstat(right.c_str(), &second) == 0 &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/// Without ever replacing a file: to be told of one is what this is for.
base::error_code rename_to_new(const std::string& source_path, const std::string& target) {
    if (::renameat2(AT_FDCWD, source_path.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) return {};
    // Not every file system can do that at once (NFS, for one).
    const bool must_link = errno == EINVAL || errno == ENOSYS;
    if (!must_link || ::link(source_path.c_str(), target.c_str()) != 0) {
        // An NFS server whose answer got lost is asked again, and finds that the file is there: it is ours.
        const base::error_code failed = process::last_error();
        if (!is_one_file(source_path, target)) return failed;
    }
    ::unlink(source_path.c_str());
    return {};
}

bool is_file_of_size(const fs::path& path, std::uint64_t size) {
    std::error_code failed;
    return fs::is_regular_file(fs::symlink_status(path, failed)) && fs::file_size(path, failed) == size;
}

base::result<process::descriptor> open_new(const std::string& path) {
    return process::open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
}

}  // namespace

base::result<maildir_file> maildir_file::create(const std::string& maildir, const std::string& name) {
    maildir_file made(maildir, name);
    const std::string path = made.path_in_tmp();
    auto file = open_new(path);
    if (file.has_error() && file.error() == boost::system::errc::no_such_file_or_directory) {
        if (auto ready = ensure_folders(maildir); ready.has_error()) return ready.error();
        file = open_new(path);
    }
    if (file.has_error() && file.error() == boost::system::errc::file_exists) {
        // What an earlier, broken attempt at the same envelope left in tmp/ goes, and a trap that waits there too.
        ::unlink(path.c_str());
        file = open_new(path);
    }
    if (file.has_error()) return file.error();
    made.file_ = std::move(*file);
    return made;
}

maildir_file::~maildir_file() {
    if (file_) ::unlink(path_in_tmp().c_str());
}

base::result<> maildir_file::append(std::string_view bytes) {
    size_ += bytes.size();
    return process::write_all(file_.get(), bytes);
}

base::result<placing> maildir_file::commit(const std::string& name) {
    if (::fsync(file_.get()) != 0) return process::last_error();
    auto failed = move_to(name);
    if (failed == boost::system::errc::no_such_file_or_directory) {
        // Somebody has removed new/.
        if (auto ready = ensure_folders(maildir_); ready.has_error()) return ready.error();
        failed = move_to(name);
    }
    if (failed == boost::system::errc::file_exists) return placing::name_is_taken;
    if (failed) return failed;
    file_.close();
    if (auto synced = process::sync_directory(maildir_ + "/new"); synced.has_error()) return synced.error();
    return placing::moved;
}

base::error_code maildir_file::move_to(const std::string& name) const {
    return rename_to_new(path_in_tmp(), maildir_ + "/new/" + name);
}

// A reader moves mail from new/ to cur/ and never back, so what is looked for in this order is not missed.
bool has_message(const std::string& maildir, const std::string& name, std::uint64_t size) {
    if (is_file_of_size(maildir + "/new/" + name, size)) return true;
    std::error_code failed;
    fs::directory_iterator each(maildir + "/cur", failed);
    for (; !failed && each != fs::directory_iterator(); each.increment(failed)) {
        const std::string found = each->path().filename().string();
        const bool is_named = found == name || found.starts_with(name + ":") || found.starts_with(name + ",");
        if (is_named && is_file_of_size(each->path(), size)) return true;
    }
    return false;
}

std::string folder_for(const std::string& maildir, const std::string& extension) {
    // "..", hidden names and paths; a NUL would cut the name short. Maildir++ separates levels by dots, so these stay.
    const bool is_safe = !extension.empty() && extension.front() != '.' && extension.find('/') == std::string::npos &&
                         extension.find('\0') == std::string::npos;
    std::error_code failed;
    if (is_safe && fs::is_directory(maildir + "/." + extension, failed)) return maildir + "/." + extension;
    return maildir;
}

}  // namespace waypost::delivery_worker
