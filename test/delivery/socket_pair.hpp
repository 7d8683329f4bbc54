// Both ends of a connection: the near one is given to what is tested, the far one speaks for the other side.
#pragma once

#include <sys/socket.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "blocking_io.hpp"
#include "descriptor.hpp"

namespace waypost::test {

class socket_pair {
public:
    socket_pair() {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("no socket pair");
        near_ = delivery::descriptor(ends[0]);
        far_ = delivery::descriptor(ends[1]);
    }
    ~socket_pair() {
        // Whoever still sends is told that nobody reads.
        ::shutdown(near_.get(), SHUT_RDWR);
        if (sender_.joinable()) sender_.join();
    }

    [[nodiscard]] int near() const { return near_.get(); }
    [[nodiscard]] int far() const { return far_.get(); }
    /// What fits into the socket's buffer.
    void send(const std::string& octets) { static_cast<void>(delivery::write_all(far_.get(), octets)); }
    /// Any amount.
    void send_aside(std::string octets) {
        if (sender_.joinable()) sender_.join();
        sender_ = std::thread([this, octets = std::move(octets)] {
            for (std::string_view rest = octets; !rest.empty();) {
                const ssize_t sent = ::send(far_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
                if (sent < 0) return;
                rest.remove_prefix(static_cast<std::size_t>(sent));
            }
        });
    }
    /// The far end closes.
    void hang_up() { ::shutdown(far_.get(), SHUT_WR); }
    /// What is there for the near end.
    std::string read(std::size_t size) { return delivery::read_exactly(near_.get(), size).value(); }

private:
    delivery::descriptor near_;
    delivery::descriptor far_;
    std::thread sender_;
};

}  // namespace waypost::test
