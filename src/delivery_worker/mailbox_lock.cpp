#include "mailbox_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <thread>

#include "mailbox_errc.hpp"
#include "waypost/process/io.hpp"

namespace waypost::delivery_worker {

namespace {

using namespace std::chrono_literals;

// Programs hold a lock for seconds; one this old was left by a crash.
constexpr std::time_t stale_after = 300;

/// False at the deadline.
bool may_ask_again(lock_deadline until) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(20ms);
    return true;
}

/// No file may be made there.
bool must_do_without(const base::error_code& failed) {
    namespace errc = boost::system::errc;
    return failed == errc::permission_denied || failed == errc::operation_not_permitted ||
           failed == errc::read_only_file_system;
}

/// Two who break the same lock at once may both think that they have the next one: then the record lock decides.
void break_if_stale(const std::string& path) {
    struct stat found{};
    if (::lstat(path.c_str(), &found) == 0 && std::time(nullptr) - found.st_mtime > stale_after) ::unlink(path.c_str());
}

}  // namespace

base::result<dot_lock> dot_lock::take(const std::string& mailbox, lock_deadline until) {
    const std::string path = mailbox + ".lock";
    do {
        auto file = process::open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
        if (file.has_value()) {
            // The pid is for people who wonder; a disk too full to hold it is no reason to do without the lock.
            static_cast<void>(process::write_all(file->get(), std::to_string(::getpid()) + "\n"));
            return dot_lock(path, std::move(*file));
        }
        const base::error_code failed = file.error();
        if (must_do_without(failed)) return dot_lock(path, {});
        if (failed != boost::system::errc::file_exists) return failed;
        break_if_stale(path);
    } while (may_ask_again(until));
    return make_error_code(mailbox_errc::locked);
}

dot_lock::~dot_lock() {
    struct stat mine{};
    struct stat there{};
    // Broken by somebody in the meantime, the file of this name is another's.
    if (file_ && ::fstat(file_.get(), &mine) == 0 && ::lstat(path_.c_str(), &there) == 0 &&
        mine.st_ino == there.st_ino && mine.st_dev == there.st_dev)
        ::unlink(path_.c_str());
}

base::result<> lock_record(int file, lock_deadline until) {
    struct flock whole{};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    do {
        if (::fcntl(file, F_OFD_SETLK, &whole) == 0) return {};
        if (errno != EAGAIN && errno != EACCES && errno != EINTR) return process::last_error();
    } while (may_ask_again(until));
    return make_error_code(mailbox_errc::locked);
}

}  // namespace waypost::delivery_worker
