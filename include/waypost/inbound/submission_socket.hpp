// The Unix socket where programs on this machine hand in their mail.
//
// It is at one place that depends on no configuration: whoever calls sendmail may be unable to read that. A daemon that
// cannot have this place uses a directory beside its queue that anybody may enter; both stand in a fixed order. The
// socket itself is open to everybody (0666); the kernel says who connects.
#pragma once

#include <string>

#include "waypost/async/awaitable.hpp"
#include "waypost/inbound/settings.hpp"
#include "waypost/net/acceptor.hpp"
#include "waypost/observe/log.hpp"

namespace waypost::inbound {

/// Made by systemd (RuntimeDirectory) or by a daemon that may.
inline constexpr const char* usual_socket = "/run/waypost/smtp.sock";
/// The socket of a daemon that may not, in its state directory.
inline constexpr const char* socket_in_state_directory = "public/smtp.sock";
/// In the environment of the daemon and of sendmail, for a daemon elsewhere. Safe for sendmail, which has no rights but
/// its caller's: who sets it sends only mail of their own elsewhere, as they could with any other program.
inline constexpr const char* socket_variable = "WAYPOST_SOCKET";

struct submission_socket {
    net::acceptor listening;
    std::string path;
};

/// Opens it at settings.socket_path, and only there; or else at the usual place or, with a line in the log, in the
/// state directory. Makes the directory of the socket, and the state directory passable for others. Throws
/// std::runtime_error where none can be had.
[[nodiscard]] submission_socket open_submission_socket(const async::executor& executor, const settings& settings,
                                                       observe::log& log, const std::string& usual_path = usual_socket);

}  // namespace waypost::inbound
