#include "write_ahead_log.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <utility>

#include "bound_statement.hpp"
#include "schema.hpp"

namespace waypost::spool::sqlite {
namespace {

// A frame of the log is a page and a header.
constexpr std::uint64_t frame_size = schema::page_size + 24;

}  // namespace

write_ahead_log::write_ahead_log(SQLite::Database& db, std::string path, int pages_per_checkpoint)
    : db_(db),
      path_(std::move(path)),
      pages_per_checkpoint_(pages_per_checkpoint),
      checkpoint_at_(pages_per_checkpoint) {
    auto committed = [](void* self, sqlite3*, const char*, int pages) {
        static_cast<write_ahead_log*>(self)->pages_in_log_ = pages;
        return SQLITE_OK;
    };
    sqlite3_wal_hook(db_.getHandle(), committed, this);
}

void write_ahead_log::checkpoint_if_due() {
    if (pages_in_log_ < checkpoint_at_) return;
    // A reader may hold on to the log; then it grows, and trying at every commit would help nobody.
    if (!checkpoint(SQLITE_CHECKPOINT_PASSIVE)) checkpoint_at_ = pages_in_log_ + pages_per_checkpoint_;
}

bool write_ahead_log::checkpoint(int mode) noexcept {
    int in_log = 0;
    int moved = 0;
    const int said = sqlite3_wal_checkpoint_v2(db_.getHandle(), nullptr, mode, &in_log, &moved);
    if (said != SQLITE_OK || moved < in_log) return false;
    checkpoint_at_ = pages_per_checkpoint_;
    pages_in_log_ = 0;
    may_shrink_ = true;
    return true;
}

bool write_ahead_log::empty() noexcept {
    // Whoever reads is not waited for: this thread has other work.
    sqlite3_busy_timeout(db_.getHandle(), 0);
    const bool is_empty = checkpoint(SQLITE_CHECKPOINT_PASSIVE) && checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
    sqlite3_busy_timeout(db_.getHandle(), schema::patience_ms);
    return is_empty;
}

write_ahead_log::spare_room write_ahead_log::spare() {
    spare_room found;
    bound_statement row(pages_);
    if (row.next()) found.in_database = static_cast<std::uint64_t>(row.number(1)) * schema::page_size;
    struct stat log{};
    const std::uint64_t used = static_cast<std::uint64_t>(pages_in_log_) * frame_size;
    if (::stat(path_.c_str(), &log) == 0) found.log_size = static_cast<std::uint64_t>(log.st_size);
    if (found.log_size > used) found.in_log = found.log_size - used;
    return found;
}

void write_ahead_log::shrink_if_easy(bool is_short) {
    // Copying 8 MiB takes some 30 ms; a database under 64 MiB is worth it only where room is short.
    constexpr std::int64_t most_to_copy = 2048;
    constexpr std::int64_t worth_it = 16'384;
    if (!std::exchange(may_shrink_, false)) return;
    std::int64_t all = 0;
    std::int64_t unused = 0;
    {
        bound_statement row(pages_);
        if (!row.next()) return;
        all = row.number(0);
        unused = row.number(1);
    }
    if (all - unused > most_to_copy || unused < all / 4 * 3 || !(is_short || all >= worth_it)) return;
    // Where it fails, for lack of room or because somebody reads, there will be another time.
    if (db_.tryExec("VACUUM") == SQLITE_OK) empty();
}

}  // namespace waypost::spool::sqlite
