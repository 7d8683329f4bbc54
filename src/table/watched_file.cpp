#include "waypost/table/watched_file.hpp"

#include <sys/stat.h>
#include <time.h>

namespace waypost::table {

file_state state_of(const std::string& path) {
    struct stat about = {};
    if (::stat(path.c_str(), &about) != 0) return {};
    const auto nanoseconds = [](const timespec& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; };
    return {about.st_dev, about.st_ino, about.st_size, nanoseconds(about.st_mtim), nanoseconds(about.st_ctim)};
}

bool is_whole(const file_state& now, const file_state& in_use, const file_state& last_look) {
    if (now == last_look || now.inode == 0) return true;
    // `command > file` empties it first, and one that is made anew begins empty: no such file counts at once.
    const bool is_another = now.device != in_use.device || now.inode != in_use.inode;
    if (is_another && now.size > 0) return true;
    // Nobody looked for a while. The times of files are the kernel's, so they are compared with its clock; a time of
    // change cannot be set by hand.
    constexpr std::int64_t a_second = 1'000'000'000;
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec * a_second + time.tv_nsec - now.changed > a_second;
}

}  // namespace waypost::table
