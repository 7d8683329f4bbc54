#include "waypost/process/io.hpp"

#include <unistd.h>

#include <cerrno>

namespace waypost::process {

base::error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

base::result<std::size_t> read_some(int fd, std::span<char> buffer) {
    for (;;) {
        const ssize_t octets = ::read(fd, buffer.data(), buffer.size());
        if (octets >= 0) return static_cast<std::size_t>(octets);
        if (errno != EINTR) return last_error();
    }
}

base::result<std::string> read_exactly(int fd, std::size_t size) {
    std::string octets(size, '\0');
    for (std::size_t filled = 0; filled < size;) {
        const auto more = read_some(fd, std::span(octets).subspan(filled));
        if (more.has_error()) return more.error();
        if (*more == 0) return make_error_code(boost::system::errc::connection_reset);
        filled += *more;
    }
    return octets;
}

base::result<std::size_t> read_at(int fd, std::uint64_t offset, std::span<char> buffer) {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
        const ssize_t octets =
            ::pread(fd, buffer.data() + filled, buffer.size() - filled, static_cast<off_t>(offset + filled));
        if (octets < 0 && errno == EINTR) continue;
        if (octets < 0) return last_error();
        if (octets == 0) break;
        filled += static_cast<std::size_t>(octets);
    }
    return filled;
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

}  // namespace waypost::process
