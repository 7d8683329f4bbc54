#include "mbox_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "mailbox_errc.hpp"
#include "waypost/process/files.hpp"
#include "waypost/process/io.hpp"

namespace waypost::delivery_worker {

namespace {

base::result<> check(const struct stat& attributes) {
    if (!S_ISREG(attributes.st_mode)) return make_error_code(mailbox_errc::no_plain_file);
    if (attributes.st_nlink > 1) return make_error_code(mailbox_errc::has_two_names);
    if (attributes.st_uid != 0 && attributes.st_uid != ::geteuid()) return make_error_code(mailbox_errc::not_his);
    return {};
}

base::result<> sync_directory_of(const std::string& path) {
    auto synced = process::sync_directory(std::filesystem::path(path).parent_path());
    // One in which we may write but not read cannot be synced.
    if (synced.has_error() && synced.error() == boost::system::errc::permission_denied) return {};
    return synced;
}

}  // namespace

base::result<mbox_file> mbox_file::open(const std::string& path, lock_deadline until) {
    auto lock = dot_lock::take(path, until);
    if (lock.has_error()) return lock.error();
    mbox_file made(path, std::move(*lock));
    if (auto opened = made.open_and_lock(until); opened.has_error()) return opened.error();
    if (auto ended = made.end_last_message(); ended.has_error()) return ended.error();
    return made;
}

base::result<> mbox_file::open_and_lock(lock_deadline until) {
    constexpr int carefully = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    do {
        auto file = process::open_file(path_, carefully, 0600);
        if (file.has_error()) return file.error();
        struct stat opened{};
        struct stat there{};
        if (::fstat(file->get(), &opened) != 0) return process::last_error();
        if (auto good = check(opened); good.has_error()) return good;
        if (auto locked = lock_record(file->get(), until); locked.has_error()) return locked;
        // Who held the lock may have put another file in this one's place.
        const bool is_same =
            ::lstat(path_.c_str(), &there) == 0 && opened.st_ino == there.st_ino && opened.st_dev == there.st_dev;
        if (!is_same) continue;
        original_size_ = there.st_size;
        file_ = std::move(*file);
        return original_size_ == 0 ? sync_directory_of(path_) : base::result<>();
    } while (std::chrono::steady_clock::now() < until);
    return make_error_code(mailbox_errc::locked);
}

/// What a crash or another program left without the empty line at its end would swallow our separator.
base::result<> mbox_file::end_last_message() {
    char last[2] = {'\n', '\n'};
    const off_t from = original_size_ < 2 ? 0 : original_size_ - 2;
    if (::pread(file_.get(), original_size_ < 2 ? last + 1 : last, original_size_ < 2 ? 1 : 2, from) < 0)
        return process::last_error();
    if (last[1] != '\n') return append("\n\n");
    if (last[0] != '\n') return append("\n");
    return {};
}

mbox_file::~mbox_file() {
    // If even that fails there is nothing better to do: the message is told to be delayed, and comes twice.
    if (file_) static_cast<void>(::ftruncate(file_.get(), original_size_));
}

base::result<> mbox_file::append(std::string_view bytes) { return process::write_all(file_.get(), bytes); }

base::result<> mbox_file::commit() {
    if (::fsync(file_.get()) != 0) return process::last_error();
    file_.close();
    return {};
}

}  // namespace waypost::delivery_worker
