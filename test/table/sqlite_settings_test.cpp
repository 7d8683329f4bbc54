#include "sqlite_settings.hpp"

#include <catch2/catch.hpp>

#include "backend_house.hpp"
#include "test_data.hpp"

using namespace waypost::table;

TEST_CASE("the example has a query for every service, and nothing that is no key", "[table][sqlite_settings]") {
    const backend_house of;
    std::string text = waypost::test::read_file(WAYPOST_TEST_DATA "/../../config/sqlite.conf");
    for (const std::string commented : {"# query_", "# fetch_"}) {
        for (std::size_t at; (at = text.find("\n" + commented)) != std::string::npos;) text.erase(at + 1, 2);
    }
    waypost::test::write_file(of.here / "conf", text);
    const auto read = read_sqlite_settings(of.here / "conf");
    if (const auto* faults = std::get_if<std::vector<fault>>(&read)) FAIL(shown(*faults));
    const auto& settings = std::get<sqlite_settings>(read);
    CHECK(settings.lookups.size() == std::size(all_services));
    CHECK(settings.fetches.size() == 2);
    CHECK(settings.fetch_expire == std::chrono::seconds(60));
    CHECK(settings.fetch_refresh == 1000);
    CHECK(settings.lookups.at(service::alias).text == "select value from aliases where key=?;");
}

TEST_CASE("a database that is no absolute path is a fault of its line", "[table][sqlite_settings]") {
    backend_house of;
    const auto read = read_sqlite_settings(of.write("conf", "query_alias select 1\ndbpath rel.db\n"));
    CHECK(shown(std::get<std::vector<fault>>(read)) ==
          "2: the path of the database is not absolute; write dbpath /path/to/database");
}
