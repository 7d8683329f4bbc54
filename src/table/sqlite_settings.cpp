#include "sqlite_settings.hpp"

#include "settings_file.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::table {

column_range columns_of(service kind) {
    switch (kind) {
        case service::credentials: return {2, 2, "the user name and the password"};
        // 2012's had the name in front.
        case service::userinfo: return {3, 4, "uid, gid and home, or user, uid, gid and home"};
        default: return {1, 1, "the value"};
    }
}

std::variant<sqlite_settings, std::vector<fault>> read_sqlite_settings(const std::string& path) {
    settings_file from = settings_file::read(path);
    sqlite_settings made;
    made.file = path;
    if (const auto database = from.require("dbpath", "write dbpath /path/to/database")) {
        made.database = base::trim(database->value);
        if (!made.database.starts_with('/')) {
            from.wrong(database->line, "the path of the database is not absolute", "write dbpath /path/to/database");
        }
    }
    const auto take = [&from](std::map<service, sqlite_query>& queries, service kind, std::string_view prefix) {
        const std::string key = std::string(prefix) + std::string(name_of(kind));
        if (auto query = from.take(key)) queries[kind] = {key, query->line, std::move(query->value)};
    };
    for (const service kind : all_services) take(made.lookups, kind, "query_");
    for (const service kind : {service::source, service::relayhost}) take(made.fetches, kind, "fetch_");
    made.fetch_expire = std::chrono::seconds(
        from.take_number("fetch_source_expire", static_cast<std::size_t>(made.fetch_expire.count())));
    made.fetch_refresh = from.take_number("fetch_source_refresh", made.fetch_refresh);

    std::vector<fault> faults = std::move(from).faults();
    if (!faults.empty()) return faults;
    return made;
}

}  // namespace waypost::table
