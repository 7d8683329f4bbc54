// A file that says where mail goes is believed only if nobody but its owner or root can have written it. That goes for
// the home too in which a .forward stands: who may write there can put another in its place.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "jobs.hpp"
#include "waypost/process/descriptor.hpp"
#include "waypost/process/io.hpp"

namespace waypost::delivery_worker {

namespace {

// A link is not followed, and nothing that is no file is waited for: opening a FIFO would do that.
constexpr int carefully = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

text_read refused(const job& job, const std::string& reason) {
    // RFC 3463: X.2.0 is trouble with a mailbox of whatever kind, X.2.4 with a mailing list's expansion.
    return {job_status::transient(job.is_forward ? "4.2.0" : "4.2.4", job.path + ": " + reason)};
}

const char* fault_of_modes(const struct stat& attributes) {
    if (attributes.st_uid != 0 && attributes.st_uid != ::geteuid()) return "has another owner";
    if ((attributes.st_mode & (S_IWGRP | S_IWOTH)) != 0) return "others may write to it";
    return nullptr;
}

text_read read_opened(const job& job, const process::descriptor& file) {
    struct stat found{};
    if (::fstat(file.get(), &found) != 0) return refused(job, process::last_error().message());
    if (!S_ISREG(found.st_mode)) return refused(job, "is no regular file");
    if (const char* fault = fault_of_modes(found)) return refused(job, fault);
    text_read read{job_status::success("2.0.0", "Read")};
    // It may grow while it is read, so its size is not asked for.
    while (read.text.size() <= job.most) {
        char piece[4096];
        const auto got = process::read_some(file.get(), piece);
        if (got.has_error()) return refused(job, got.error().message());
        if (*got == 0) return read;
        read.text.append(piece, *got);
    }
    return refused(job, "is larger than " + std::to_string(job.most) + " octets");
}

text_read read_list(const job& job) {
    const auto file = process::open_file(job.path, carefully);
    return file.has_error() ? refused(job, file.error().message()) : read_opened(job, *file);
}

text_read read_forward(const job& job) {
    const std::size_t slash = job.path.rfind('/');
    if (slash == std::string::npos || job.path.substr(0, slash) != job.home) return refused(job, "is not in the home");

    const auto fault_or_absence = [&](const base::error_code& failed) -> text_read {
        namespace errc = boost::system::errc;
        if (failed == errc::no_such_file_or_directory || failed == errc::not_a_directory)
            return {job_status::success("2.0.0", "None"), false, {}};
        return refused(job, failed.message());
    };
    const auto home = process::open_file(job.home, O_PATH | O_DIRECTORY);
    if (home.has_error()) return fault_or_absence(home.error());
    struct stat found{};
    if (::fstat(home->get(), &found) != 0) return refused(job, process::last_error().message());
    // The administrator's way to hold a user's mail while he mends something there.
    if ((found.st_mode & S_ISVTX) != 0) return refused(job, "the home is sticky: its mail is held");
    const process::descriptor file(::openat(home->get(), job.path.c_str() + slash + 1, carefully));
    if (!file) return fault_or_absence(process::last_error());
    if (const char* fault = fault_of_modes(found)) return refused(job, std::string("the home ") + fault);
    return read_opened(job, file);
}

}  // namespace

text_read read_guarded(const job& job) { return job.is_forward ? read_forward(job) : read_list(job); }

}  // namespace waypost::delivery_worker
