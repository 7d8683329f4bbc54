#include "blocking_io.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "descriptor.hpp"

namespace waypost::delivery {

base::error_code last_error() { return {errno, boost::system::system_category()}; }

base::result<std::size_t> read_some(int fd, char* buffer, std::size_t room) {
    for (;;) {
        const ssize_t got = ::read(fd, buffer, room);
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) return last_error();
    }
}

base::result<std::string> read_exactly(int fd, std::size_t size) {
    std::string octets(size, '\0');
    for (std::size_t filled = 0; filled < size;) {
        const auto got = read_some(fd, octets.data() + filled, size - filled);
        if (got.has_error()) return got.error();
        if (*got == 0) return make_error_code(boost::system::errc::connection_reset);
        filled += *got;
    }
    return octets;
}

base::result<> write_all(int fd, std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t written = ::write(fd, octets.data(), octets.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return last_error();
        octets.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

base::result<> sync_directory(const std::string& path) {
    const descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) return last_error();
    return {};
}

}  // namespace waypost::delivery
