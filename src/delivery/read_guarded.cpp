// A file that says where mail goes is believed only if nobody but its owner or root can have written it. That goes for
// the home too in which a .forward stands: who may write there can put another in its place.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "descriptor.hpp"
#include "jobs.hpp"
#include "octets.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::delivery {

namespace {

// A link is not followed, and nothing that is no file is waited for: opening a FIFO would do that.
constexpr int carefully = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

text_read refused(const job& what, const std::string& why) {
    // RFC 3463: X.2.0 is trouble with a mailbox of whatever kind, X.2.4 with a mailing list's expansion.
    return {mail::status::transient(what.is_forward ? "4.2.0" : "4.2.4", what.path + ": " + why)};
}

const char* fault_of_modes(const struct stat& found) {
    if (found.st_uid != 0 && found.st_uid != ::geteuid()) return "has another owner";
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) return "others may write to it";
    return nullptr;
}

text_read read_opened(const job& what, const descriptor& file) {
    struct stat found{};
    if (::fstat(file.get(), &found) != 0) return refused(what, last_error().message());
    if (!S_ISREG(found.st_mode)) return refused(what, "is no regular file");
    if (const char* fault = fault_of_modes(found)) return refused(what, fault);
    text_read read{mail::status::success("2.0.0", "Read")};
    // It may grow while it is read, so its size is not asked for.
    while (read.text.size() <= what.most) {
        char piece[4096];
        const auto got = read_some(file.get(), piece, sizeof piece);
        if (got.has_error()) return refused(what, got.error().message());
        if (*got == 0) return read;
        read.text.append(piece, *got);
    }
    return refused(what, "is larger than " + std::to_string(what.most) + " octets");
}

text_read read_list(const job& what) {
    const descriptor file(::open(what.path.c_str(), carefully));
    if (!file) return refused(what, last_error().message());
    return read_opened(what, file);
}

text_read read_forward(const job& what) {
    const std::size_t slash = what.path.rfind('/');
    if (slash == std::string::npos || what.path.substr(0, slash) != what.home)
        return refused(what, "is not in the home");

    const auto fault_or_absence = [&]() -> text_read {
        if (errno == ENOENT || errno == ENOTDIR) return {mail::status::success("2.0.0", "None"), false, {}};
        return refused(what, last_error().message());
    };
    const descriptor home(::open(what.home.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!home) return fault_or_absence();
    struct stat found{};
    if (::fstat(home.get(), &found) != 0) return refused(what, last_error().message());
    // The administrator's way to hold a user's mail while he mends something there.
    if ((found.st_mode & S_ISVTX) != 0) return refused(what, "the home is sticky: its mail is held");
    const descriptor file(::openat(home.get(), what.path.c_str() + slash + 1, carefully));
    if (!file) return fault_or_absence();
    if (const char* fault = fault_of_modes(found)) return refused(what, std::string("the home ") + fault);
    return read_opened(what, file);
}

}  // namespace

text_read read_guarded(const job& what) { return what.is_forward ? read_forward(what) : read_list(what); }

}  // namespace waypost::delivery
