// A file descriptor that is closed with its owner, and the ways to get one. Each is closed in programs that we start.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "waypost/base/result.hpp"

namespace waypost::process {

class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int number) noexcept : number_(number) {}
    descriptor(descriptor&& source) noexcept : number_(std::exchange(source.number_, -1)) {}
    descriptor& operator=(descriptor&& source) noexcept {
        std::swap(number_, source.number_);
        return *this;
    }
    ~descriptor() { close(); }

    [[nodiscard]] int get() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ >= 0; }
    /// The caller owns it from now on.
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
    void close() noexcept {
        if (number_ >= 0) ::close(std::exchange(number_, -1));
    }

private:
    int number_ = -1;
};

/// open(2). A path that is a FIFO blocks unless `flags` has O_NONBLOCK.
[[nodiscard]] base::result<descriptor> open_file(const std::string& path, int flags, mode_t mode = 0);

struct pipe_ends {
    descriptor reading;
    descriptor writing;
};
[[nodiscard]] base::result<pipe_ends> make_pipe();

/// A stream in both directions.
struct socket_pair {
    descriptor ours;
    descriptor theirs;
};
[[nodiscard]] base::result<socket_pair> make_socket_pair();

}  // namespace waypost::process
