// Files as a whole: reading one that is small, and making the entries of a directory durable. Blocking.
#pragma once

#include <cstddef>
#include <string>
#include <variant>

#include "waypost/base/result.hpp"

namespace waypost::process {

struct unreadable {
    std::string reason;  // as "it is a directory"
};

enum class file_kind {
    regular,  // nothing else: a pipe could wait for ever, a device never end
    any       // what an administrator named on the command line may be a pipe
};
/// All of it, up to `largest` octets.
[[nodiscard]] std::variant<std::string, unreadable> read_file(const std::string& path, std::size_t largest,
                                                              file_kind kind = file_kind::regular);

/// After this, what was made, moved or removed in the directory is so after a power cut too.
[[nodiscard]] base::result<> sync_directory(const std::string& path);

}  // namespace waypost::process
