// A SQLite database and its sqlite.conf, made for a test.
#pragma once

#include <SQLiteCpp/Database.h>

#include <stdexcept>

#include "backend_house.hpp"
#include "sqlite_table.hpp"

namespace waypost::table {

struct sqlite_house : backend_house {
    std::string database = here / "db";

    void sql(const std::string& text) { sql_in(database, text); }
    static void sql_in(const std::string& path, const std::string& text) {
        SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5000).exec(text);
    }
    sqlite_table::opened open(const std::string& queries) {
        return sqlite_table::open("t", write("sqlite.conf", "dbpath " + database + "\n" + queries), context);
    }
    std::unique_ptr<table> table_of(const std::string& queries) {
        auto opened = open(queries);
        if (opened.table == nullptr) throw std::runtime_error(shown(opened.faults));
        return std::move(opened.table);
    }
    /// What keeps these queries from being taken.
    std::string fault_of(const std::string& queries) { return shown(open(queries).faults); }
};

inline const std::string aliases = "CREATE TABLE aliases(key TEXT, value TEXT);";
inline const std::string query_alias = "query_alias select value from aliases where key=?;\n";

}  // namespace waypost::table
