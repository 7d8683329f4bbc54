#include "waypost/table/getpwnam_table.hpp"

#include <pwd.h>

#include <cerrno>
#include <vector>

namespace waypost::table {

namespace {

using row = base::result<std::optional<std::string>>;

row ask_system(const std::string& user) {
    if (user.empty() || user.find('\0') != std::string::npos) return std::nullopt;
    std::vector<char> text(1024);
    for (;;) {
        passwd entry = {};
        passwd* found = nullptr;
        const int error = ::getpwnam_r(user.c_str(), &entry, text.data(), text.size(), &found);
        if (error == EINTR) continue;
        if (error == ERANGE && text.size() < (1U << 20)) {
            text.resize(text.size() * 4);
            continue;
        }
        if (found != nullptr) {
            const std::string home = entry.pw_dir == nullptr || *entry.pw_dir == '\0' ? "/" : entry.pw_dir;
            return std::to_string(entry.pw_uid) + ":" + std::to_string(entry.pw_gid) + ":" + home;
        }
        // getpwnam(3) lists these as "not found" too; what is left is a database that could not be asked.
        if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM) return std::nullopt;
        return errc::unavailable;
    }
}

}  // namespace

async::awaitable<row> getpwnam_table::lookup(service kind, std::string key) {
    if (kind != service::userinfo) co_return errc::unavailable;
    auto ask = [key = std::move(key)] { return ask_system(key); };
    co_return co_await async::offload(*io_, std::move(ask));
}

async::awaitable<row> getpwnam_table::lookup_pattern(service, pattern_match) { co_return errc::unavailable; }

async::awaitable<row> getpwnam_table::fetch(service) { co_return errc::unavailable; }

}  // namespace waypost::table
