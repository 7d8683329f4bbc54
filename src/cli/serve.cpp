#include "waypost/daemon/serve.hpp"

#include <sysexits.h>

#include <exception>
#include <iostream>

#include "commands.hpp"
#include "waypost/daemon/core_dumps.hpp"
#include "waypost/daemon/first_process.hpp"

namespace waypost::cli {

namespace {

// Password hashes and file work: enough threads that a slow hash does not hold up a file, few enough for a small
// container.
constexpr std::size_t worker_threads = 4;

/// `-D debug=yes`
bool asks_for_debugging(const configuration& from) {
    const config::macros given = from.macros();
    const auto debug = given.find("debug");
    return debug != given.end() && debug->second == "yes";
}

int run_daemon(const configuration& from, bool verbose) {
    async::thread_pool io(worker_threads);
    try {
        std::shared_ptr<config::generation> settings = load_or_complain(from, io, true);
        if (!settings) return EX_CONFIG;
        if (verbose) settings->log.lowest = observe::level::debug;
        daemon::serve(io, std::move(settings));
        return EX_OK;
    } catch (const std::exception& error) {
        std::cerr << "waypost: " << error.what() << '\n';
        return EX_UNAVAILABLE;
    }
}

}  // namespace

int serve(const configuration& from, bool verbose) {
    if (!asks_for_debugging(from)) daemon::forbid_core_dumps();  // before a secret is read
    return daemon::below_first_process([&] { return run_daemon(from, verbose); });
}

}  // namespace waypost::cli
