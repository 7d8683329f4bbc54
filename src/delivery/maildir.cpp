#include "maildir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace waypost::delivery {

namespace {

base::error_code last_error() { return {errno, boost::system::system_category()}; }

base::result<> ensure_folders(const std::string& maildir) {
    std::error_code failed;
    std::filesystem::create_directories(std::filesystem::path(maildir).parent_path(), failed);
    for (const std::string& folder : {maildir, maildir + "/tmp", maildir + "/new", maildir + "/cur"}) {
        if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return last_error();
    }
    return {};
}

base::result<> sync_directory(const std::string& path) {
    const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return last_error();
    const bool synced = ::fsync(directory) == 0;
    const auto why = last_error();
    ::close(directory);
    if (!synced) return why;
    return {};
}

}  // namespace

base::result<maildir_file> maildir_file::create(const std::string& maildir, const std::string& name) {
    if (auto ready = ensure_folders(maildir); ready.has_error()) return ready.error();
    maildir_file made(maildir, name, -1);
    // What an earlier, broken attempt at the same envelope left in tmp/ is overwritten.
    made.file_ = ::open(made.path_in("tmp").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (made.file_ < 0) return last_error();
    return made;
}

maildir_file::maildir_file(maildir_file&& other) noexcept
    : maildir_(std::move(other.maildir_)), name_(std::move(other.name_)), file_(std::exchange(other.file_, -1)) {}

maildir_file::~maildir_file() {
    if (file_ < 0) return;
    ::close(file_);
    ::unlink(path_in("tmp").c_str());
}

base::result<> maildir_file::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return last_error();
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

base::result<> maildir_file::commit() {
    if (::fsync(file_) != 0) return last_error();
    if (::rename(path_in("tmp").c_str(), path_in("new").c_str()) != 0) return last_error();
    ::close(std::exchange(file_, -1));
    return sync_directory(maildir_ + "/new");
}

std::string maildir_file::path_in(std::string_view folder) const {
    return maildir_ + "/" + std::string(folder) + "/" + name_;
}

std::string with_native_line_ends(std::string_view piece, bool& after_cr) {
    std::string out;
    out.reserve(piece.size() + 1);
    for (const char c : piece) {
        if (after_cr && c != '\n') out += '\r';
        after_cr = c == '\r';
        if (!after_cr) out += c;
    }
    return out;
}

}  // namespace waypost::delivery
