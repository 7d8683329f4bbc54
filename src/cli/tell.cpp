// Commands that tell the running daemon to do something and have nothing to print: resume route, update table.
#include "ask_daemon.hpp"

namespace waypost::cli {

namespace {

int tell(const configuration& where, const control::request& what) {
    int exit_code = 0;
    static_cast<void>(ask_daemon(where, what, exit_code));
    return exit_code;
}

}  // namespace

int resume_route(const configuration& where, std::uint64_t id) { return tell(where, {"resume route", {{"id", id}}}); }

int update_table(const configuration& where, const std::string& name) {
    return tell(where, {"update table", {{"name", name}}});
}

}  // namespace waypost::cli
