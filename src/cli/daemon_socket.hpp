// Finds the submission socket of the running daemon. Reads no configuration: the caller may be unable to.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace waypost::cli {

class daemon_socket {
public:
    explicit daemon_socket(int connected) noexcept : descriptor_(connected) {}
    daemon_socket(daemon_socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    daemon_socket& operator=(daemon_socket&&) = delete;
    ~daemon_socket();
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    /// The caller's from now on.
    [[nodiscard]] int release() noexcept { return std::exchange(descriptor_, -1); }

private:
    int descriptor_;
};

/// $WAYPOST_SOCKET alone, or else the fixed places in their order.
[[nodiscard]] std::vector<std::string> socket_places();

/// The first place where a daemon listens, or a text that says why there is none. The next place is looked at only
/// where nothing is or nobody listens: a daemon that is there and cannot be reached is not passed over.
[[nodiscard]] std::variant<daemon_socket, std::string> connect_to_daemon(const std::vector<std::string>& places);

}  // namespace waypost::cli
