#include "process_identity.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>

namespace waypost::delivery {

namespace {

// What it has always been, should the system's database not know it.
constexpr unsigned nobody_id = 65534;

/// Where the database does not know them: a container's arbitrary uid, most of all.
table::userinfo::value or_else(table::userinfo::value user, const passwd* entry) {
    if (entry == nullptr) return user;
    user.name = entry->pw_name;
    user.uid = entry->pw_uid;
    user.gid = entry->pw_gid;
    if (entry->pw_dir != nullptr && *entry->pw_dir == '/') user.home = entry->pw_dir;
    return user;
}

}  // namespace

std::optional<identity> process_identity::identity_of(const table::userinfo::value& user) const {
    if (is_root()) return identity{user.uid, user.gid};
    if (user.uid != uid) return std::nullopt;
    return identity{uid, gid};
}

process_identity find_process_identity() {
    process_identity found{.uid = ::geteuid(), .gid = ::getegid(), .unprivileged_user = {}};
    passwd entry{};
    passwd* known = nullptr;
    std::array<char, 16384> text{};
    if (found.is_root()) {
        ::getpwnam_r("nobody", &entry, text.data(), text.size(), &known);
        found.unprivileged_user = or_else({.name = "nobody", .uid = nobody_id, .gid = nobody_id, .home = "/"}, known);
    } else {
        ::getpwuid_r(found.uid, &entry, text.data(), text.size(), &known);
        found.unprivileged_user = or_else({.name = {}, .uid = found.uid, .gid = found.gid, .home = "/"}, known);
    }
    return found;
}

}  // namespace waypost::delivery
