#include "waypost/table/watched_file.hpp"

#include <sys/stat.h>

namespace waypost::table {

file_state state_of(const std::string& path) {
    struct stat about = {};
    if (::stat(path.c_str(), &about) != 0) return {};
    const auto nanoseconds = [](const timespec& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; };
    return {about.st_dev, about.st_ino, about.st_size, nanoseconds(about.st_mtim), nanoseconds(about.st_ctim)};
}

}  // namespace waypost::table
