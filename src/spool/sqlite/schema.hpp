// The tables of queue.db, and how a database file is made, opened and recognised. README.md has them for its readers.
#pragma once

#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace waypost::spool::sqlite::schema {

/// "wayp": `file queue.db` and other programs can tell whose it is.
inline constexpr std::uint64_t page_size = 4096;
inline constexpr int application_id = 0x77617970;
inline constexpr int version = 4;
/// Somebody who looks with sqlite3 may lock for a moment.
inline constexpr int patience_ms = 10'000;

/// Makes an empty queue under a name of its own, and gives it its name when it is whole and on stable storage: a
/// queue.db that cannot be read is therefore never a half-made one, and is never taken for an empty one. Nothing if
/// there is one.
void create_if_absent(const std::string& directory);

/// SQLite cannot open it, and its code says why not.
struct cannot_open : std::runtime_error {
    cannot_open(const std::string& text, int why) : std::runtime_error(text), code(why) {}
    int code;
};

/// Opens queue.db, of this version or brought to it, for the one connection that writes. Neither connection locks
/// itself: one thread at a time uses it. Throws std::runtime_error with what to do if it is not ours.
/// The log shrinks to so many octets again after it was longer.
[[nodiscard]] SQLite::Database open_for_writing(const std::string& directory, std::uint64_t log_size);
[[nodiscard]] SQLite::Database open_for_reading(const std::string& directory);

}  // namespace waypost::spool::sqlite::schema
