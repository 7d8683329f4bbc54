#include "small_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace waypost::config {
namespace {

struct descriptor {
    explicit descriptor(int number) : fd(number) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (fd >= 0) ::close(fd);
    }
    int fd;
};

unreadable because_of_errno() { return {std::generic_category().message(errno)}; }

std::string in_words(std::size_t bytes) {
    return bytes >= (1U << 20) ? std::to_string(bytes >> 20) + " MiB" : std::to_string(bytes >> 10) + " KiB";
}

}  // namespace

std::variant<std::string, unreadable> read_small_file(const std::string& path, std::size_t largest, file_kind kind) {
    // Not to wait at a pipe before fstat() can tell that it is one.
    const int wait = kind == file_kind::regular ? O_NONBLOCK : 0;
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | wait));
    if (file.fd < 0) return because_of_errno();
    struct stat about{};
    if (::fstat(file.fd, &about) != 0) return because_of_errno();
    if (S_ISDIR(about.st_mode)) return unreadable{"it is a directory"};
    if (kind == file_kind::regular && !S_ISREG(about.st_mode)) return unreadable{"it is not a regular file"};

    std::string text;
    std::array<char, 65536> block{};
    for (;;) {
        const ssize_t got = ::read(file.fd, block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return because_of_errno();
        if (got == 0) return text;
        text.append(block.data(), static_cast<std::size_t>(got));
        if (text.size() > largest) return unreadable{"it is larger than " + in_words(largest)};
    }
}

}  // namespace waypost::config
