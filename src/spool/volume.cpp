#include "waypost/spool/volume.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "waypost/process/descriptor.hpp"

namespace waypost::spool {
namespace {

constexpr std::uint64_t most_by_default = std::uint64_t{64} << 20;
constexpr std::uint64_t part_by_default = 16;
// 4,096 pages: see "Tuning" in README.md. A log that is emptied every few pages would cost a sync for each message.
constexpr std::uint64_t longest_log_ever = std::uint64_t{16} << 20;
constexpr std::uint64_t shortest_log = std::uint64_t{16} << 12;
// Log, database and the file get a quarter each, and a quarter is in hand.
constexpr std::uint64_t parts = 4;

// The writer looks again before it writes anything: what is written to the volume meanwhile makes a refusal later, no
// loss.
constexpr std::chrono::milliseconds recent{10};

constexpr std::uint64_t unknown = std::numeric_limits<std::uint64_t>::max();

std::uint64_t default_reserve(const std::string& directory) {
    struct statvfs about{};
    if (::statvfs(directory.c_str(), &about) != 0) return 0;
    return std::min<std::uint64_t>(most_by_default, about.f_blocks * about.f_frsize / part_by_default);
}

}  // namespace

volume::volume(std::string directory, std::optional<std::uint64_t> reserve)
    : directory_(std::move(directory)),
      path_(directory_ + "/queue.reserve"),
      reserve_(reserve ? *reserve : default_reserve(directory_)) {}

std::uint64_t volume::longest_log() const noexcept {
    if (reserve_ == 0) return longest_log_ever;
    return std::clamp(reserve_ / parts, shortest_log, longest_log_ever);
}

std::uint64_t volume::free() const noexcept {
    struct statvfs about{};
    if (::statvfs(directory_.c_str(), &about) != 0 || about.f_blocks == 0) return unknown;
    return about.f_bavail * about.f_frsize;
}

std::uint64_t volume::recently_free() noexcept {
    const auto now = std::chrono::steady_clock::now();
    if (now - seen_at_ >= recent) {
        seen_at_ = now;
        last_free_ = free();
    }
    return last_free_;
}

bool volume::admits(std::uint64_t octets) const noexcept {
    if (reserve_ == 0) return true;
    const std::uint64_t now = free();
    return now >= reserve_ && now - reserve_ >= octets;
}

void volume::hold() noexcept {
    const std::uint64_t size = std::min(reserve_ / parts, longest_log_ever);
    struct stat about{};
    if (size == 0 || (::stat(path_.c_str(), &about) == 0 && static_cast<std::uint64_t>(about.st_size) == size)) {
        has_reserve_ = size != 0;
        return;
    }
    ::unlink(path_.c_str());
    if (!admits(size)) return;
    const auto file = process::open_file(path_, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (file.has_error()) return;
    has_reserve_ = ::posix_fallocate(file->get(), 0, static_cast<off_t>(size)) == 0;
    if (!has_reserve_) ::unlink(path_.c_str());
}

bool volume::give_up() noexcept {
    has_reserve_ = false;
    return ::unlink(path_.c_str()) == 0;
}

}  // namespace waypost::spool
