#include "body_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "volume.hpp"
#include "waypost/spool/store.hpp"

namespace waypost::spool {
namespace {

base::error_code last_error() { return {errno, boost::system::system_category()}; }

}  // namespace

body_file::~body_file() {
    close();
    if (created_ && !is_kept_) ::unlink(path().c_str());
}

base::error_code body_file::append(std::string_view octets) {
    if (room_ && !room_->admits(octets.size())) return errc::full;
    if (fd_ < 0) {
        // Without O_EXCL: message ids are never used twice, so a file of that name is a leftover of a crash.
        fd_ = ::open(path().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd_ < 0) return last_error();
        created_ = true;
    }
    while (!octets.empty()) {
        const ssize_t written = ::write(fd_, octets.data(), octets.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return last_error();
        octets.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

base::error_code body_file::sync() {
    if (::fdatasync(fd_) != 0) return last_error();
    close();
    if (::rename(path().c_str(), path_.c_str()) != 0) return last_error();
    whole_ = true;
    return {};
}

base::result<std::size_t> body_file::read(std::uint64_t offset, std::span<char> buffer) const {
    const int fd = ::open(path().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return last_error();
    std::size_t filled = 0;
    base::error_code failed;
    while (filled < buffer.size()) {
        const ssize_t got =
            ::pread(fd, buffer.data() + filled, buffer.size() - filled, static_cast<off_t>(offset + filled));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) failed = last_error();
        if (got <= 0) break;
        filled += static_cast<std::size_t>(got);
    }
    ::close(fd);
    if (failed) return failed;
    return filled;
}

void body_file::close() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

}  // namespace waypost::spool
