#include "program_user.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <vector>

#include "waypost/base/ascii.hpp"
#include "waypost/table/backends.hpp"

namespace waypost::config {

namespace {

using process::user_identity;

/// Asks again where there are more of them than there was room for.
std::vector<gid_t> groups_of(const std::string& name, gid_t first) {
    constexpr int most = 65536;  // the kernel's
    std::vector<gid_t> groups(64);
    int number = static_cast<int>(groups.size());
    while (::getgrouplist(name.c_str(), first, groups.data(), &number) < 0) {
        if (groups.size() >= most) return {first};
        const std::size_t wanted = std::max(groups.size() * 2, static_cast<std::size_t>(std::max(number, 0)));
        groups.resize(std::min<std::size_t>(wanted, most));
        number = static_cast<int>(groups.size());
    }
    groups.resize(static_cast<std::size_t>(number));
    return groups;
}

std::optional<user_identity> user_named(const std::string& name) {
    std::array<char, 16384> space{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(name.c_str(), &entry, space.data(), space.size(), &found) != 0 || found == nullptr) {
        return std::nullopt;
    }
    user_identity made{.name = name, .uid = entry.pw_uid, .gid = entry.pw_gid, .groups = {}, .home = entry.pw_dir};
    made.groups = groups_of(name, entry.pw_gid);
    return made;
}

/// By the bits of its mode, which is all that an ordinary user has.
bool may(const user_identity& user, const std::string& path, mode_t mode) {
    struct stat about = {};
    if (::stat(path.c_str(), &about) != 0) return true;  // the program will say so
    if (about.st_uid == user.uid) return (about.st_mode & (mode << 6)) != 0;
    const bool is_member =
        about.st_gid == user.gid || std::ranges::find(user.groups, about.st_gid) != user.groups.end();
    return (about.st_mode & (is_member ? mode << 3 : mode)) != 0;
}

bool can_reach(const user_identity& user, const std::string& path, mode_t mode) {
    if (user.uid == 0) return true;
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        if (!may(user, path.substr(0, slash), S_IXOTH)) return false;
    }
    return may(user, path, mode);
}

/// Its interpreter reads it as the user.
bool is_script(const std::string& path) {
    std::array<char, 2> start{};
    std::ifstream(path, std::ios::binary).read(start.data(), start.size());
    return start[0] == '#' && start[1] == '!';
}

/// The file in a word, which may be the value of an option.
std::string file_in(const std::string& word) {
    const std::size_t value = word.find('=');
    return word.starts_with('/') || value == std::string::npos ? word : word.substr(value + 1);
}

/// The program, where the user cannot run it; else the first file in its command line that the user cannot read. Of
/// `ldap:/etc/ldap.conf` the file alone: the program is the system's.
std::optional<std::string> first_hidden(const table_definition& table, const user_identity& user) {
    std::vector<std::string> files{table.argument};
    if (table.backend == "proc") {
        const auto words = table::parse_command(table.argument);
        const auto* const command = std::get_if<std::vector<std::string>>(&words);
        if (command == nullptr) return std::nullopt;  // opening the table will say so
        files.clear();
        if (!can_reach(user, command->front(), S_IXOTH)) return command->front();
        for (const std::string& word : *command) files.push_back(file_in(word));
        if (!is_script(command->front())) files.erase(files.begin());  // that is run, not read
    }
    const auto hidden = std::ranges::find_if(
        files, [&user](const std::string& file) { return file.starts_with('/') && !can_reach(user, file, S_IROTH); });
    return hidden == files.end() ? std::nullopt : std::optional(*hidden);
}

/// Whether the system lets us become the user: in a container root may not. A program without a name cannot begin, so
/// this ends one way or the other with an error. Only a refusal counts: what else is wrong must not make the program
/// run as root.
bool can_become(const user_identity& user) {
    constexpr int nowhere = process::standard_descriptors::nowhere;
    const auto started = process::spawn_as(
        user, {.path = "", .arguments = {""}, .descriptors = {nowhere, nowhere, nowhere}, .directory = "/"});
    using namespace boost::system::errc;
    return started.error() != operation_not_permitted && started.error() != invalid_argument;
}

std::string in_quotes(const std::string& name) { return "\"" + base::printable(name, 64) + "\""; }

}  // namespace

std::optional<process::user_identity> program_user(const table_definition& table, fault_list& faults) {
    if (!table.is_program) return std::nullopt;
    if (::geteuid() != 0) {
        if (table.user)
            faults.warn(table.user->location, "only root can run a program as another user", "start waypost as root");
        return std::nullopt;
    }
    const std::string name = table.user ? table.user->text : "nobody";
    const location& where = table.user ? table.user->location : table.location;
    auto user = user_named(name);
    if (!user && table.user) {
        faults.fault(where, "there is no user " + in_quotes(name),
                     "write user and the name of a user of this system for the table's program");
        return std::nullopt;
    }
    if (!user || !can_become(*user)) {
        faults.warn(where,
                    "the program of this table runs as root, because " +
                        (user ? "this system does not let us become " : std::string("there is no user ")) +
                        in_quotes(name),
                    user ? "start waypost as an ordinary user, or let it change users (CAP_SETUID and CAP_SETGID)"
                         : "write user NAME, with a user of this system");
        return std::nullopt;
    }
    const auto hidden = first_hidden(table, *user);
    if (!hidden) return user;
    const bool is_run = table.backend == "proc" && table.argument.starts_with(*hidden);
    const std::string shown = (is_run ? "run \"" : "read \"") + base::printable(*hidden) + "\"";
    if (table.user) {
        faults.warn(table.user->location, in_quotes(name) + " cannot " + shown + ", which the table's program needs",
                    "let this user do it");
        return user;
    }
    faults.warn(table.location, "the program of this table runs as root, because nobody cannot " + shown,
                "write user NAME, and let this user do it");
    return std::nullopt;
}

}  // namespace waypost::config
