// How our values are written in columns, and what is believed of a column that is read. Pure.
//
// A row may have been damaged or written by somebody hostile, so nothing read is used before it was checked here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "waypost/spool/message.hpp"

namespace waypost::spool::sqlite::rows {

/// Times are Unix milliseconds: rounded down, so that what is due at a moment is found at that moment.
[[nodiscard]] std::int64_t from_time(async::wall_time time) noexcept;
[[nodiscard]] std::optional<async::wall_time> to_time(std::int64_t milliseconds) noexcept;

[[nodiscard]] std::string_view from_ret(mail::dsn_return ret) noexcept;
[[nodiscard]] std::optional<mail::dsn_return> to_ret(std::string_view text) noexcept;

/// Ids fit into the 63 bits that SQLite has for them. What lies in the last hundredth of them is not believed: new ids
/// go on above the highest, and would soon have nowhere to go.
inline constexpr std::int64_t last_message_id = (std::int64_t{1} << 43) / 100 * 99;
[[nodiscard]] std::optional<message_id> to_message_id(std::int64_t number) noexcept;
[[nodiscard]] inline std::int64_t from_id(message_id id) noexcept { return static_cast<std::int64_t>(id.value()); }
[[nodiscard]] inline std::int64_t from_id(envelope_id id) noexcept { return static_cast<std::int64_t>(id.value()); }

struct envelope_columns {
    std::int64_t id = 0;
    std::string action, domain, forward_path, original, user, extension, target, notify, orcpt, last;
    std::int64_t expires = 0, tries = 0, warnings = 0;
};
struct message_columns {
    std::int64_t id = 0;
    std::int64_t arrived = 0, body_8bitmime = 0, has_8bit = 0, size = 0;
    std::string reverse_path, ret, envid;
    std::optional<std::string> file;
};

/// A value, or why it is not believed.
template <class T>
struct validated {
    std::optional<T> value;
    std::string_view reason;
};
[[nodiscard]] validated<envelope> to_envelope(envelope_columns row);
/// The message without its text.
[[nodiscard]] validated<message> to_message(message_columns row);
/// Whether a file name is the one that we gave: it never leads out of its directory.
[[nodiscard]] bool is_file_of(message_id id, std::string_view file);

}  // namespace waypost::spool::sqlite::rows
