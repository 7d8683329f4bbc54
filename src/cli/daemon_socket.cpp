#include "daemon_socket.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "waypost/base/ascii.hpp"
#include "waypost/config/grammar/model.hpp"
#include "waypost/inbound/submission_socket.hpp"

namespace waypost::cli {

namespace {

// A daemon whose queue of new connections is full.
constexpr timeval connect_limit{10, 0};

/// Zero, or the errno.
int connect_at(const std::string& path, const process::descriptor& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
    std::memcpy(address.sun_path, path.data(), path.size());
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &connect_limit, sizeof connect_limit);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    return ::connect(socket.get(), generic, sizeof address) == 0 ? 0 : errno;
}

}  // namespace

std::vector<std::string> socket_places() {
    const char* const elsewhere = std::getenv(inbound::socket_variable);
    if (elsewhere != nullptr && *elsewhere != '\0') return {elsewhere};
    return {inbound::usual_socket, config::model().queue_path.text + "/" + inbound::socket_in_state_directory};
}

std::variant<process::descriptor, std::string> connect_to_daemon(const std::vector<std::string>& places) {
    std::string tried;
    bool is_absent = true;
    for (const std::string& path : places) {
        process::descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int failed = connect_at(path, socket);
        if (failed == 0) return socket;
        tried += (tried.empty() ? "" : "; ") + base::printable(path) + ": " + std::generic_category().message(failed);
        is_absent = failed == ENOENT || failed == ECONNREFUSED;
        if (!is_absent) break;
    }
    const std::string fault = is_absent ? "no daemon is running" : "the daemon cannot be reached";
    return fault + "; the message was not accepted (" + tried + ")";
}

}  // namespace waypost::cli
