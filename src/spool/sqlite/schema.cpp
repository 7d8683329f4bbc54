#include "schema.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "file_system.hpp"

namespace waypost::spool::sqlite::schema {
namespace {

namespace fs = std::filesystem;

// Pages of 4 KiB: see "Tuning" in README.md. The text of a message is the last column, so that a look at the others
// does not walk through it.
constexpr const char* tables = R"(
CREATE TABLE messages (
    id             INTEGER PRIMARY KEY,
    arrived        INTEGER NOT NULL,
    reverse_path   TEXT    NOT NULL,
    body_8bitmime  INTEGER NOT NULL,
    has_8bit       INTEGER NOT NULL,
    ret            TEXT    NOT NULL,
    envid          TEXT    NOT NULL,
    size           INTEGER NOT NULL,
    file           TEXT,
    trace          TEXT    NOT NULL,
    text           BLOB
) STRICT;
CREATE TABLE envelopes (
    id             INTEGER PRIMARY KEY,
    action         TEXT    NOT NULL,
    domain         TEXT    NOT NULL,
    next_try       INTEGER NOT NULL,
    expires        INTEGER NOT NULL,
    tries          INTEGER NOT NULL,
    warnings       INTEGER NOT NULL,
    forward_path   TEXT    NOT NULL,
    given          TEXT    NOT NULL,
    user           TEXT    NOT NULL,
    extension      TEXT    NOT NULL DEFAULT '',
    target         TEXT    NOT NULL DEFAULT '',
    notify         TEXT    NOT NULL,
    orcpt          TEXT    NOT NULL,
    last           TEXT    NOT NULL,
    for_host       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX envelopes_by_hop ON envelopes (action, domain, next_try);
CREATE INDEX envelopes_by_retry ON envelopes (next_try, action, domain, tries) WHERE tries > 0;
CREATE INDEX envelopes_by_host ON envelopes (action, domain, next_try) WHERE for_host = 1;
CREATE TABLE damaged (
    id             INTEGER,
    row            TEXT    NOT NULL,
    why            TEXT    NOT NULL,
    at             INTEGER NOT NULL
) STRICT;
)";

// One row: what the queue is called in the names of files that it delivers, and the message ids that it may have given
// out. And the body files that are about to be removed, of messages that have ended.
constexpr const char* tables_of_version_4 = R"(
CREATE TABLE queue (
    one            INTEGER PRIMARY KEY CHECK (one = 1),
    name           TEXT    NOT NULL,
    reserved_id    INTEGER NOT NULL
) STRICT;
INSERT INTO queue SELECT 1, lower(hex(randomblob(8))), ifnull(max(id), 0) FROM messages WHERE id < 1 << 42;
CREATE TABLE removals (
    file           TEXT    PRIMARY KEY
) STRICT, WITHOUT ROWID;
)";

constexpr const char* from_version_1 = R"(
BEGIN IMMEDIATE;
ALTER TABLE envelopes ADD COLUMN for_host INTEGER NOT NULL DEFAULT 0;
CREATE INDEX envelopes_by_host ON envelopes (action, domain, next_try) WHERE for_host = 1;
PRAGMA user_version = 2;
COMMIT;
)";

constexpr const char* from_version_2 = R"(
BEGIN IMMEDIATE;
ALTER TABLE envelopes ADD COLUMN extension TEXT NOT NULL DEFAULT '';
ALTER TABLE envelopes ADD COLUMN target TEXT NOT NULL DEFAULT '';
PRAGMA user_version = 3;
COMMIT;
)";

std::string from_version_3() {
    return std::string("BEGIN IMMEDIATE;") + tables_of_version_4 + "PRAGMA user_version = 4; COMMIT;";
}

std::string path_of(const std::string& directory) { return directory + "/queue.db"; }

std::int64_t pragma(SQLite::Database& db, const char* name) {
    return db.execAndGet(std::string("PRAGMA ") + name).getInt64();
}

void check_identity(SQLite::Database& db, const std::string& path) {
    if (pragma(db, "application_id") != application_id)
        throw std::runtime_error(path + " is a database, but not a queue of waypost; move it away and start again");
    const std::int64_t found = pragma(db, "user_version");
    if (found < 1 || found > version)
        throw std::runtime_error(path + " has schema version " + std::to_string(found) +
                                 "; this waypost knows version " + std::to_string(version) +
                                 ". Run the waypost that wrote it until the queue is empty");
}

[[noreturn]] void refuse_damaged(const std::string& path, const std::string& reason) {
    throw std::runtime_error(
        path + " cannot be read (" + reason +
        "); it may hold mail that was promised to be kept, so it is left alone. Save it with `sqlite3 " + path +
        " .recover | sqlite3 rescued.db` and put the result in its place, or move it away, with " + path + "-wal and " +
        path + "-shm, to start with an empty queue");
}

}  // namespace

void create_if_absent(const std::string& directory) {
    const std::string path = path_of(directory);
    const bool has_database = fs::exists(path);
    if (has_database && fs::file_size(path) == 0) refuse_damaged(path, "it is empty");
    if (has_database) return;
    if (fs::exists(path + "-wal")) refuse_damaged(path, "it is not there, but its write-ahead log is");

    const std::string fresh = path + ".new";
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(fresh + suffix);
    // SQLite gives its other files the rights of this one. The directory may be somebody else's work, and readable.
    file_system::make_private_file(fresh);
    {
        SQLite::Database db(fresh, SQLite::OPEN_READWRITE);
        db.exec("PRAGMA page_size = 4096; PRAGMA auto_vacuum = NONE; PRAGMA synchronous = FULL");
        db.exec("PRAGMA application_id = " + std::to_string(application_id) +
                "; PRAGMA user_version = " + std::to_string(version));
        db.exec(tables);
        db.exec(tables_of_version_4);
        db.exec("PRAGMA journal_mode = WAL");
    }
    fs::rename(fresh, path);
    file_system::sync_directory(directory);
}

SQLite::Database open_for_writing(const std::string& directory, std::uint64_t log_size) {
    const std::string path = path_of(directory);
    try {
        SQLite::Database db(path, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX, patience_ms);
        check_identity(db, path);
        db.exec(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA temp_store = "
            "MEMORY;"
            // Debian's SQLite would otherwise write zeros over every deleted text, and write the page that it frees.
            "PRAGMA secure_delete = OFF;"
            // 16 MiB: more made no difference that could be measured.
            "PRAGMA cache_size = -16384;"
            // A damaged page is found when it is read. Its cost could not be measured either.
            "PRAGMA cell_size_check = ON;"
            // database::checkpoint_if_due() does it.
            "PRAGMA wal_autocheckpoint = 0");
        db.exec("PRAGMA journal_size_limit = " + std::to_string(log_size));
        if (pragma(db, "user_version") == 1) db.exec(from_version_1);
        if (pragma(db, "user_version") == 2) db.exec(from_version_2);
        if (pragma(db, "user_version") == 3) db.exec(from_version_3());
        // Damage of the first pages shows now instead of at the first message.
        db.execAndGet("SELECT count(*) FROM (SELECT id FROM messages UNION ALL SELECT id FROM envelopes LIMIT 1)");
        return db;
    } catch (const SQLite::Exception& error) {
        const int code = error.getErrorCode();
        if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) refuse_damaged(path, error.what());
        throw cannot_open(path + " cannot be opened: " + error.what(), code);
    }
}

SQLite::Database open_for_reading(const std::string& directory) {
    constexpr int patience_of_readers_ms = 1'000;
    SQLite::Database db(path_of(directory), SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX, patience_of_readers_ms);
    db.exec("PRAGMA trusted_schema = OFF; PRAGMA cache_size = -1024");
    return db;
}

}  // namespace waypost::spool::sqlite::schema
