// What a sqlite.conf says: the database, and the administrator's own query for each service (as Postfix does it: no
// schema is imposed).
//
//     dbpath /tmp/sqlite.db
//     query_alias select value from aliases where key=?;
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "waypost/table/dependencies.hpp"
#include "waypost/table/table.hpp"

namespace waypost::table {

struct sqlite_query {
    std::string name;  // "query_alias"
    std::size_t line = 0;
    std::string text;
};

struct sqlite_settings {
    std::string file;
    std::string database;
    std::map<service, sqlite_query> lookups;  // one parameter: the key
    std::map<service, sqlite_query> fetches;  // none: all that there is, to be given in turn
    // How long, and for how many calls, what a fetch has found is used.
    std::chrono::seconds fetch_expire{60};
    std::size_t fetch_refresh = 1000;
};

/// How many columns a query of this service answers with.
struct column_range {
    int least = 1;
    int most = 1;
    std::string_view are;  // in words, for an administrator
};
[[nodiscard]] column_range columns_of(service kind);

/// Reads the file; blocks. The database is not touched.
[[nodiscard]] std::variant<sqlite_settings, std::vector<fault>> read_sqlite_settings(const std::string& path);

}  // namespace waypost::table
