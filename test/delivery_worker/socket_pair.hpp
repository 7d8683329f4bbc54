// Both ends of a connection: the near one is given to what is tested, the far one speaks for the other side.
#pragma once

#include <sys/socket.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "waypost/process/descriptor.hpp"
#include "waypost/process/io.hpp"

namespace waypost::test {

class socket_pair {
public:
    socket_pair() {
        auto ends = process::make_socket_pair();
        if (ends.has_error()) throw std::runtime_error("no socket pair");
        near_ = std::move(ends->ours);
        far_ = std::move(ends->theirs);
    }
    ~socket_pair() {
        // Whoever still sends is told that nobody reads.
        ::shutdown(near_.get(), SHUT_RDWR);
        if (sender_.joinable()) sender_.join();
    }

    [[nodiscard]] int near() const { return near_.get(); }
    [[nodiscard]] int far() const { return far_.get(); }
    /// What fits into the socket's buffer.
    void send(const std::string& octets) { static_cast<void>(process::write_all(far_.get(), octets)); }
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
    std::string read(std::size_t size) { return process::read_exactly(near_.get(), size).value(); }

private:
    process::descriptor near_;
    process::descriptor far_;
    std::thread sender_;
};

}  // namespace waypost::test
