// The write-ahead log of queue.db: when it is emptied into the database, and the room that both have to spare.
// Of the writer's thread, between transactions.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <string>

namespace waypost::spool::sqlite {

class write_ahead_log {
public:
    /// The log is emptied when it has `pages_per_checkpoint`.
    write_ahead_log(SQLite::Database& db, std::string path, int pages_per_checkpoint);
    write_ahead_log(const write_ahead_log&) = delete;
    write_ahead_log& operator=(const write_ahead_log&) = delete;

    /// Moves what the log holds into the database when that is enough to be worth it.
    void checkpoint_if_due();
    /// Now, and gives the log's room back. False where somebody reads it, or the disk has no room for the database.
    bool empty() noexcept;
    /// Gives room back that ended messages have left, where that is little work: most of the database is free.
    /// `is_short`: also of a small database.
    void shrink_if_easy(bool is_short);

    /// Octets of the database's files that new rows may use before these must grow.
    struct spare_room {
        std::uint64_t in_database = 0;
        std::uint64_t in_log = 0;
        std::uint64_t log_size = 0;  // of the log's file: emptying it gives so many back
    };
    [[nodiscard]] spare_room spare();

private:
    bool checkpoint(int mode) noexcept;

    SQLite::Database& db_;
    std::string path_;
    SQLite::Statement pages_{db_, "SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count"};
    int pages_in_log_ = 0;
    int pages_per_checkpoint_;
    int checkpoint_at_;
    bool may_shrink_ = false;  // the log was emptied since this was looked at
};

}  // namespace waypost::spool::sqlite
