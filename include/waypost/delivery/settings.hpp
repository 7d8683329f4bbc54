// What an administrator can set about local delivery.
#pragma once

#include <map>
#include <string>

#include "waypost/table/table.hpp"

namespace waypost::delivery {

/// The options of one `action ... maildir`.
struct action_settings {
    std::string name;
    std::string maildir;            // empty: Maildir in the user's home; relative: to the working directory
    table::table* users = nullptr;  // the user base, never null
};

struct settings {
    std::string host;  // part of a Maildir file's name
    std::map<std::string, action_settings, std::less<>> actions;
};

}  // namespace waypost::delivery
