#include "maildir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "octets.hpp"

namespace waypost::delivery {

namespace fs = std::filesystem;

namespace {

/// Makes the directory and all that leads to it. What was made is on disk before anything is put into it.
base::result<> ensure_directory(const fs::path& path) {
    if (::mkdir(path.c_str(), 0700) == 0) return sync_directory(path.has_parent_path() ? path.parent_path() : ".");
    if (errno == EEXIST) return {};
    if (errno != ENOENT || path.parent_path() == path) return last_error();
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

descriptor open_new(const std::string& path) {
    return descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
}

}  // namespace

base::result<maildir_file> maildir_file::create(const std::string& maildir, const std::string& name) {
    maildir_file made(maildir, name);
    const std::string path = made.path_in("tmp");
    made.file_ = open_new(path);
    if (!made.file_ && errno == ENOENT) {
        if (auto ready = ensure_folders(maildir); ready.has_error()) return ready.error();
        made.file_ = open_new(path);
    }
    if (!made.file_ && errno == EEXIST) {
        // What an earlier, broken attempt at the same envelope left in tmp/ goes, and a trap that waits there too.
        ::unlink(path.c_str());
        made.file_ = open_new(path);
    }
    if (!made.file_) return last_error();
    return made;
}

maildir_file::~maildir_file() {
    if (file_) ::unlink(path_in("tmp").c_str());
}

base::result<> maildir_file::append(std::string_view bytes) { return write_all(file_.get(), bytes); }

base::result<> maildir_file::commit() {
    if (::fsync(file_.get()) != 0) return last_error();
    if (auto moved = move(); moved.has_error()) return moved.error();
    file_.close();
    return sync_directory(maildir_ + "/new");
}

base::result<> maildir_file::move() {
    const std::string from = path_in("tmp");
    const std::string to = path_in("new");
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    if (errno != ENOENT) return last_error();
    // Somebody has removed new/.
    if (auto ready = ensure_folders(maildir_); ready.has_error()) return ready.error();
    if (::rename(from.c_str(), to.c_str()) != 0) return last_error();
    return {};
}

std::string maildir_file::path_in(std::string_view folder) const {
    return maildir_ + "/" + std::string(folder) + "/" + name_;
}

bool has_message(const std::string& maildir, const std::string& name) {
    std::error_code failed;
    if (fs::exists(fs::symlink_status(maildir + "/new/" + name, failed))) return true;
    fs::directory_iterator each(maildir + "/cur", failed);
    for (; !failed && each != fs::directory_iterator(); each.increment(failed)) {
        const std::string found = each->path().filename().string();
        if (found == name || found.starts_with(name + ":")) return true;
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

}  // namespace waypost::delivery
