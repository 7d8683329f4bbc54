// The strings of a command line or an environment as execve() and posix_spawn() want them.
#pragma once

#include <string>
#include <vector>

namespace waypost::process {

/// Pointers to the same strings, which must outlive them, and a null pointer at the end.
[[nodiscard]] inline std::vector<char*> exec_strings(const std::vector<std::string>& strings) {
    std::vector<char*> all;
    all.reserve(strings.size() + 1);
    for (const std::string& each : strings) all.push_back(const_cast<char*>(each.c_str()));
    all.push_back(nullptr);
    return all;
}

}  // namespace waypost::process
