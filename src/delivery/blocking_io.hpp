// Octets to and from descriptors that block. Nothing is read or written by halves, and a signal is no reason to stop.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "waypost/base/result.hpp"

namespace waypost::delivery {

/// What the last system call said.
[[nodiscard]] base::error_code last_error();

/// One read(), of at least one octet; none is the end.
[[nodiscard]] base::result<std::size_t> read_some(int fd, char* buffer, std::size_t room);
/// Exactly so many; an earlier end is an error.
[[nodiscard]] base::result<std::string> read_exactly(int fd, std::size_t size);
[[nodiscard]] base::result<> write_all(int fd, std::string_view octets);
/// So that what was made, moved or removed in a directory is so after a power cut too.
[[nodiscard]] base::result<> sync_directory(const std::string& path);

}  // namespace waypost::delivery
