#include "smtp_on_standard_input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string_view>
#include <utility>

namespace waypost::cli {

namespace {

/// Octets on their way from one descriptor to another. Both ways go on by themselves: one that is stuck never keeps
/// the other from moving.
class one_way {
public:
    one_way(int fd, int to) : fd_(fd), to_(to) {}

    [[nodiscard]] pollfd wants() const {
        if (!pending_.empty()) return {.fd = to_, .events = POLLOUT, .revents = 0};
        return {.fd = ended_ ? -1 : fd_, .events = POLLIN, .revents = 0};
    }
    /// False when the other side takes nothing more.
    bool move(short ready) {
        if (ready == 0) return true;
        return pending_.empty() ? read_some() : write_some();
    }
    [[nodiscard]] bool is_over() const noexcept { return ended_ && pending_.empty(); }

private:
    bool read_some() {
        const ssize_t octets = ::read(fd_, buffer_.data(), buffer_.size());
        if (octets < 0 && (errno == EINTR || errno == EAGAIN)) return true;
        ended_ = octets <= 0;
        if (octets > 0) pending_ = {buffer_.data(), static_cast<std::size_t>(octets)};
        return true;
    }
    bool write_some() {
        const ssize_t octets = ::write(to_, pending_.data(), pending_.size());
        if (octets < 0) return errno == EINTR || errno == EAGAIN;
        pending_.remove_prefix(static_cast<std::size_t>(octets));
        return true;
    }

    int fd_;
    int to_;
    // A pipe that poll(2) calls ready takes so much without blocking.
    std::array<char, PIPE_BUF> buffer_{};
    std::string_view pending_;
    bool ended_ = false;
};

}  // namespace

int pass_smtp_on(process::descriptor daemon) {
    const int socket = daemon.get();
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
    one_way commands(STDIN_FILENO, socket);
    one_way replies(socket, STDOUT_FILENO);
    bool said_all = false;
    while (!replies.is_over()) {
        std::array<pollfd, 2> waits{commands.wants(), replies.wants()};
        if (::poll(waits.data(), waits.size(), -1) < 0) {
            if (errno == EINTR) continue;
            return EX_OSERR;
        }
        if (!replies.move(waits[1].revents)) return EX_IOERR;
        // A daemon that takes no more may still have something to say.
        const bool takes_more = commands.move(waits[0].revents);
        if (!takes_more) commands = one_way(-1, socket);
        if (commands.is_over() && !std::exchange(said_all, true)) ::shutdown(socket, SHUT_WR);
    }
    return EX_OK;
}

}  // namespace waypost::cli
