#include "ask_daemon.hpp"

#include <sysexits.h>

#include <iostream>

#include "waypost/control/client.hpp"

namespace waypost::cli {

std::optional<control::json> ask_daemon(const configuration& where, const control::request& what, int& exit_code) {
    // Only to know where the socket is; a daemon that runs has had its configuration checked.
    const config::parsed parsed = config::parse_file(where.path(), where.macros());
    const std::string socket = parsed.model.queue_path.text + "/" + control::socket_name;
    auto said = control::ask(socket, what);
    if (!said) {
        std::cerr << "waypost: no daemon listens at " << socket << '\n';
        exit_code = EX_UNAVAILABLE;
        return std::nullopt;
    }
    if (const auto* no = std::get_if<control::refusal>(&*said)) {
        std::cerr << "waypost: " << no->reason << '\n';
        exit_code = EXIT_FAILURE;
        return std::nullopt;
    }
    exit_code = EX_OK;
    return std::get<control::json>(std::move(*said));
}

}  // namespace waypost::cli
