// Reads files that a person wrote: all of it, up to a size, with the reason when it cannot.
#pragma once

#include <string>
#include <variant>

namespace waypost::config {

struct unreadable {
    std::string reason;
};

enum class file_kind {
    regular,  // nothing else: a pipe could wait for ever, a device never end
    any       // what the administrator named on the command line may be a pipe
};
[[nodiscard]] std::variant<std::string, unreadable> read_small_file(const std::string& path, std::size_t largest,
                                                                    file_kind kind = file_kind::regular);

}  // namespace waypost::config
