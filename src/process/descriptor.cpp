#include "waypost/process/descriptor.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "waypost/process/io.hpp"

namespace waypost::process {

base::result<descriptor> open_file(const std::string& path, int flags, mode_t mode) {
    // An interrupted call may have made the file, which O_EXCL would then take for somebody else's.
    const bool may_repeat = (flags & O_EXCL) == 0;
    for (;;) {
        descriptor file(::open(path.c_str(), flags | O_CLOEXEC, mode));
        if (file) return file;
        if (errno != EINTR || !may_repeat) return last_error();
    }
}

base::result<pipe_ends> make_pipe() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return last_error();
    return pipe_ends{descriptor(ends[0]), descriptor(ends[1])};
}

base::result<socket_pair> make_socket_pair() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return last_error();
    return socket_pair{descriptor(ends[0]), descriptor(ends[1])};
}

}  // namespace waypost::process
