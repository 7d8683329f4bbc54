#include "watched_file.hpp"

#include <sys/stat.h>

#include <utility>

namespace waypost::table {

file_state state_of(const std::string& path) {
    struct stat about = {};
    if (::stat(path.c_str(), &about) != 0) return {};
    const auto nanoseconds = [](const timespec& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; };
    return {about.st_dev, about.st_ino, about.st_size, nanoseconds(about.st_mtim), nanoseconds(about.st_ctim)};
}

bool is_whole(const file_state& now, const file_state& in_use, const file_state& last_look, async::wall_time time) {
    if (now == last_look || now.inode == 0) return true;
    // `command > file` empties it first, and one that is made anew begins empty: no such file counts at once.
    const bool is_another = now.device != in_use.device || now.inode != in_use.inode;
    const auto since_epoch = std::chrono::nanoseconds(time.time_since_epoch());
    const auto is_older_than_a_second = [since_epoch](std::int64_t moment) {
        return since_epoch - std::chrono::nanoseconds(moment) > std::chrono::seconds(1);
    };
    // Nor one that is still being written: `mv users users.old; generate > users`.
    if (is_another && now.size > 0 && is_older_than_a_second(now.modified)) return true;
    // Nobody looked for a while. The time of change is the kernel's, and cannot be set by hand.
    return is_older_than_a_second(now.changed);
}

bool writing_spell::seen(async::time_point now, bool is_written_to, bool is_read) noexcept {
    const bool goes_on = since_ && now - last_look_ <= forgotten_after;
    last_look_ = now;
    if (!is_written_to) {
        since_.reset();
        is_told_ = false;
        return false;
    }
    if (!goes_on || is_read) since_ = now;
    return is_read && !std::exchange(is_told_, true);
}

}  // namespace waypost::table
