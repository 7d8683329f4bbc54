// Octets to and from descriptors that block. Nothing is read or written by halves, and a signal does not end a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "waypost/base/result.hpp"

namespace waypost::process {

/// The error of the last system call (errno).
[[nodiscard]] base::error_code last_error() noexcept;

/// One read(), of at least one octet; none is the end.
[[nodiscard]] base::result<std::size_t> read_some(int fd, std::span<char> buffer);
/// Exactly so many; an earlier end is an error.
[[nodiscard]] base::result<std::string> read_exactly(int fd, std::size_t size);
/// From `offset` on as far as the file goes: less than the buffer holds is the end of the file.
[[nodiscard]] base::result<std::size_t> read_at(int fd, std::uint64_t offset, std::span<char> buffer);
[[nodiscard]] base::result<> write_all(int fd, std::string_view octets);

}  // namespace waypost::process
