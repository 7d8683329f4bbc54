// One connection to the database of a sqlite table, with its statements prepared. It blocks, so it lives on worker
// threads, on one at a time.
//
// The file may be anybody's: the schema is not trusted (no functions with effects in its views, no triggers, defensive
// mode), the connection can only read, what a query answers with has a limit, and so has its time. Keys are bound,
// never part of a text.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "sqlite_settings.hpp"
#include "waypost/base/result.hpp"

namespace waypost::table {

class sqlite_connection {
public:
    /// Opens the database and checks every query against it. A fault that is a warning may pass by itself: the database
    /// is locked.
    [[nodiscard]] static std::variant<std::unique_ptr<sqlite_connection>, std::vector<fault>> open(
        std::shared_ptr<const sqlite_settings> settings);
    sqlite_connection(const sqlite_connection&) = delete;
    sqlite_connection& operator=(const sqlite_connection&) = delete;

    /// The file is still the one that was opened.
    [[nodiscard]] bool is_current() const;

    /// Whether it says that a row cannot be used, and nothing against the database.
    [[nodiscard]] static bool is_bad_row(const SQLite::Exception& error) noexcept;
    /// These throw SQLite::Exception. lookup(): the first of the keys that has rows. list(): all rows.
    [[nodiscard]] std::optional<found> lookup(service kind, const std::vector<std::string>& keys);
    [[nodiscard]] std::vector<std::string> list(service kind);
    /// All lookups until the end of it see the database as it is at the first.
    class snapshot {
    public:
        explicit snapshot(sqlite_connection& connection) : database_(connection.db_) { database_.exec("BEGIN"); }
        ~snapshot() { database_.tryExec("END"); }
        snapshot(const snapshot&) = delete;
        snapshot& operator=(const snapshot&) = delete;

    private:
        SQLite::Database& database_;
    };

private:
    sqlite_connection(std::shared_ptr<const sqlite_settings> settings, std::vector<fault>& faults);
    void harden();
    void add_regexp();
    void prepare(const sqlite_query& query, service kind, bool has_key, std::vector<fault>& faults);
    [[nodiscard]] static std::string row_of(service kind, std::string_view key, SQLite::Statement& statement);

    std::shared_ptr<const sqlite_settings> settings_;
    std::pair<std::uint64_t, std::uint64_t> identity_;  // device, inode
    SQLite::Database db_;
    std::map<service, SQLite::Statement> lookups_;
    std::map<service, SQLite::Statement> fetches_;
    std::chrono::steady_clock::time_point deadline_;
    std::string bad_expression_;  // what is wrong with one that regexp() was given last; empty: nothing
};

}  // namespace waypost::table
