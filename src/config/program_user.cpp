#include "program_user.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "waypost/base/ascii.hpp"

namespace waypost::config {

namespace {

using base::user_identity;

std::optional<user_identity> user_named(const std::string& name) {
    std::array<char, 16384> space{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(name.c_str(), &entry, space.data(), space.size(), &found) != 0 || found == nullptr) {
        return std::nullopt;
    }
    user_identity made{.name = name, .uid = entry.pw_uid, .gid = entry.pw_gid, .groups = {}, .home = entry.pw_dir};
    int number = 64;
    made.groups.resize(static_cast<std::size_t>(number));
    if (::getgrouplist(name.c_str(), entry.pw_gid, made.groups.data(), &number) < 0) number = 0;
    made.groups.resize(static_cast<std::size_t>(number));
    return made;
}

/// By the bits of its mode, which is all that an ordinary user has.
bool may(const user_identity& user, const std::string& path, mode_t wanted) {
    struct stat about = {};
    if (::stat(path.c_str(), &about) != 0) return true;  // the program will say so
    if (about.st_uid == user.uid) return (about.st_mode & (wanted << 6)) != 0;
    const bool is_member =
        about.st_gid == user.gid || std::ranges::find(user.groups, about.st_gid) != user.groups.end();
    return (about.st_mode & (is_member ? wanted << 3 : wanted)) != 0;
}

bool can_read(const user_identity& user, const std::string& path) {
    if (user.uid == 0) return true;
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        if (!may(user, path.substr(0, slash), S_IXOTH)) return false;
    }
    return may(user, path, S_IROTH);
}

/// The first file in a command line that the user cannot read.
std::optional<std::string> first_hidden(const std::string& command, const user_identity& user) {
    for (const std::string_view word : base::split(command, ' ')) {
        if (word.starts_with('/') && !can_read(user, std::string(word))) return std::string(word);
    }
    return std::nullopt;
}

std::string in_quotes(const std::string& name) { return "\"" + base::printable(name, 64) + "\""; }

bool is_program(const table_definition& table) {
    constexpr std::array<std::string_view, 5> others = {"", "file", "passwd", "getpwnam", "sqlite"};
    return std::ranges::find(others, table.backend) == others.end();
}

}  // namespace

std::optional<base::user_identity> program_user(const table_definition& table, fault_list& faults) {
    if (!is_program(table)) return std::nullopt;
    if (::geteuid() != 0) {
        if (table.user)
            faults.warn(table.user->where, "only root can run a program as another user", "start waypost as root");
        return std::nullopt;
    }
    const std::string name = table.user ? table.user->text : "nobody";
    auto user = user_named(name);
    if (!user) {
        faults.fault(table.user ? table.user->where : table.where, "there is no user " + in_quotes(name),
                     "write user and the name of a user of this system for the table's program");
        return std::nullopt;
    }
    const auto hidden = first_hidden(table.argument, *user);
    if (!hidden) return user;
    const std::string shown = "\"" + base::printable(*hidden) + "\"";
    if (table.user) {
        faults.warn(table.user->where,
                    in_quotes(name) + " cannot read " + shown + ", which the table's program is given",
                    "let this user read it");
        return user;
    }
    faults.warn(table.where, "the program of this table runs as root, because nobody cannot read " + shown,
                "write user NAME, and let this user read it");
    return std::nullopt;
}

}  // namespace waypost::config
