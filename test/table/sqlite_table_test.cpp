#include "sqlite_table.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <catch2/catch.hpp>
#include <filesystem>

#include "sqlite_house.hpp"
#include "waypost/async/gather.hpp"

using namespace waypost::table;
using waypost::test::finish;

TEST_CASE("the sqlite.conf of December 2012 answers", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql(aliases +
           "CREATE TABLE domains(key TEXT, value TEXT);"
           "INSERT INTO aliases VALUES('root','gilles'),('root','eric'),('gilles','gilles@poolp.org');"
           "INSERT INTO domains VALUES('poolp.org','poolp.org');");
    const auto rows =
        of.table_of("\n# Alias lookup query\n#\n# rows >= 0\n# fields == 1 (user varchar)\n#\n" + query_alias +
                    "# Domain lookup query\n#\n# rows == 1\n# fields == 1 (domain varchar)\n#\n"
                    "query_domain select value from domains where key=?;\n");
    CHECK(of.said<alias>(*rows, "root") == "gilles, eric");
    CHECK(of.said<alias>(*rows, "Gilles+tag") == "gilles@poolp.org");
    CHECK(of.said<alias>(*rows, "nobody") == "none");
    CHECK(of.said<domain>(*rows, "POOLP.org") == "poolp.org");
    CHECK(of.said<domain>(*rows, "example.org") == "none");
    for (int i = 0; i < 2; ++i) {
        CHECK(of.said<mailaddr>(*rows, "a@b") == "cannot ask");
        CHECK(of.said<domain>(*rows, "poolp.org") == "poolp.org");
    }
    CHECK(of.warnings == std::vector<std::string>{"t: it cannot be asked: its file " + (of.here / "sqlite.conf") +
                                                  " has no query_mailaddr"});
}

TEST_CASE("users come in the four columns of 2012 and in the three of today", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql("CREATE TABLE users(u,uid,gid,d,p); INSERT INTO users VALUES('vuser',10,100,'/tmp/v','sec:ret');");
    for (const char* const columns : {"u,uid,gid,d", "uid,gid,d"}) {
        const auto rows = of.table_of(std::string("query_userinfo select ") + columns + " from users where u=?\n" +
                                      "query_credentials select u,p from users where u=?;");
        const auto who = of.find<userinfo>(*rows, "vuser").value().value();
        CHECK(who.uid == 10);
        CHECK(who.gid == 100);
        CHECK(who.home == "/tmp/v");
        const auto login = of.find<credentials>(*rows, "VUser").value().value();
        CHECK(login.user == "vuser");
        CHECK(login.password.reveal() == "sec:ret");
    }
}

TEST_CASE("patterns and expressions in a database are found", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql("CREATE TABLE k(k); INSERT INTO k VALUES('*.example.org'),('192.0.2.0/24'),('@x.org'),('^jo+e$');");
    const std::string select = " select k from k where k=?\n";
    const auto rows = of.table_of("query_domain" + select + "query_netaddr" + select + "query_mailaddr" + select +
                                  "query_regex select k from k where ? regexp k\n");
    CHECK(of.said<domain>(*rows, "mx.example.org") == "*.example.org");
    CHECK(of.said<netaddr>(*rows, "192.0.2.9") == "192.0.2.0/24");
    CHECK(of.said<mailaddr>(*rows, "a+b@x.org") == "@x.org");
    CHECK(of.said<regex>(*rows, "JOOE") == "^jo+e$");
    CHECK(of.said<regex>(*rows, "jane") == "cannot ask");  // `*.example.org` is no expression: who knows
    of.sql("DELETE FROM k WHERE k LIKE '*%'");
    CHECK(of.said<regex>(*rows, "jane") == "none");
}

TEST_CASE("addresses to send from are fetched in turn, and again when they are old", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql("CREATE TABLE s(a); INSERT INTO s VALUES('192.0.2.1'),('192.0.2.2');");
    const auto rows = of.table_of("fetch_source select a from s order by a\nfetch_source_expire 10\n");
    CHECK(of.fetched(*rows) == "192.0.2.1");
    of.sql("INSERT INTO s VALUES('192.0.2.0'),('192.0.2.3');");
    CHECK(of.fetched(*rows) == "192.0.2.2");
    CHECK(of.fetched(*rows) == "192.0.2.1");
    of.clock.advance(std::chrono::seconds(10));
    CHECK(of.fetched(*rows) == "192.0.2.2");  // goes on behind the last one
    CHECK(of.fetched(*rows) == "192.0.2.3");
    CHECK(of.listed(*rows) == "192.0.2.0 192.0.2.1 192.0.2.2 192.0.2.3");
    CHECK(of.fetched(*rows) == "192.0.2.0");
    of.sql("DELETE FROM s");
    of.clock.advance(std::chrono::seconds(10));
    CHECK(of.fetched(*rows) == "none");
    CHECK(of.listed(*rows).empty());
    CHECK(of.fetched(*rows, service::relayhost) == "cannot ask");
    CHECK(of.listed(*rows, service::relayhost) == "cannot ask");
}

TEST_CASE("the number of fetches after which the database is asked again", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql("CREATE TABLE s(a); INSERT INTO s VALUES('192.0.2.1');");
    const auto rows = of.table_of("fetch_source select a from s\nfetch_source_refresh 2\n");
    CHECK(of.listed(*rows) == "192.0.2.1");
    of.sql("UPDATE s SET a='192.0.2.9'");
    CHECK(of.fetched(*rows) == "192.0.2.1");
    CHECK(of.fetched(*rows) == "192.0.2.9");
}

TEST_CASE("a change underneath is seen by the next lookup, a file in its place too", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql(aliases);
    const auto rows = of.table_of(query_alias);
    CHECK(of.said<alias>(*rows, "a") == "none");
    of.sql("INSERT INTO aliases VALUES('a','b')");
    CHECK(of.said<alias>(*rows, "a") == "b");
    of.sql_in(of.here / "new", aliases + "INSERT INTO aliases VALUES('a','c')");
    std::filesystem::rename(of.here / "new", of.database);
    CHECK(of.said<alias>(*rows, "a") == "c");
    std::filesystem::remove(of.database);
    CHECK(of.said<alias>(*rows, "a") == "cannot ask");
    of.sql(aliases + "INSERT INTO aliases VALUES('a','d')");
    CHECK(of.said<alias>(*rows, "a") == "d");
}

TEST_CASE("hostile keys are keys like any other", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql(aliases + "INSERT INTO aliases VALUES('victim','v'),('%','p')");
    const auto rows = of.table_of(query_alias);
    for (const std::string& key :
         {std::string("' or '1'='1"), std::string("\";drop table aliases;--"), std::string("vic\0tim", 7),
          std::string("victim\0", 7), std::string("a\nb"), std::string(64 << 10, 'x'), std::string("\xff\xfe\x80"),
          std::string("_%"), std::string("*)(uid=*")}) {
        CHECK(of.said<alias>(*rows, key) == "none");
    }
    CHECK(of.said<alias>(*rows, "%") == "p");
    CHECK(of.said<alias>(*rows, "victim") == "v");
}

TEST_CASE("queries that cannot work are faults with the query's line", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql(aliases);
    CHECK(of.fault_of("query_alias select key, value from aliases where key=?") ==
          "2: query_alias selects 2 columns, not 1; select the value");
    CHECK(of.fault_of("query_credentials select value from aliases where key=?") ==
          "2: query_credentials selects 1 column, not 2; select the user name and the password");
    CHECK(of.fault_of("query_userinfo select 1,2 from aliases where key=?") ==
          "2: query_userinfo selects 2 columns, not 3 or 4; select uid, gid and home, or user, uid, gid and home");
    CHECK(of.fault_of("query_alias select value from aliases") ==
          "2: query_alias has 0 places for the key; write exactly one ?");
    CHECK(of.fault_of("query_alias select value from aliases where key=? or value=?") ==
          "2: query_alias has 2 places for the key; write exactly one ?");
    CHECK(of.fault_of("fetch_source select value from aliases where key=?") ==
          "2: fetch_source has a ?, and there is no key to put there; select all that there is");
    CHECK(of.fault_of("query_alias select value from nowhere where key=?") ==
          "2: query_alias is refused by SQLite: no such table: nowhere");
    CHECK(of.fault_of("query_alias delete from aliases where key=? returning value") ==
          "2: query_alias would change the database; write a select");
    CHECK(of.fault_of(query_alias + "query_domain select value from aliases where key=?; select 1") ==
          "3: query_domain holds more than one query; end it with the first ;");
    CHECK(of.fault_of("query_alias -- nothing") == "2: query_alias holds no query; write a select");
    CHECK(of.fault_of(query_alias + query_alias) ==
          "3: \"query_alias\" is there already, in line 2; remove one of them");
    CHECK(of.fault_of("query_aliases select 1").starts_with("2: \"query_aliases\" is no key of this file; there are "));
    CHECK(shown(sqlite_table::open("t", of.write("x", query_alias), of.context).faults) ==
          "0: \"dbpath\" is missing; write dbpath /path/to/database");
}

TEST_CASE("a file that is no database, or half of one, is a fault or a temporary failure", "[table][sqlite_table]") {
    sqlite_house of;
    const auto broken = [&of](const std::string& text) {
        of.write("db", text);
        return of.fault_of(query_alias);
    };
    CHECK(broken("") == "2: query_alias is refused by SQLite: no such table: aliases");
    CHECK(broken(std::string(8192, 'x')) ==
          "0: the database \"" + of.database + "\" cannot be read: file is not a database");
    std::filesystem::remove(of.database);
    CHECK(of.fault_of(query_alias) ==
          "0: the database \"" + of.database + "\" cannot be read: unable to open database file");
}

TEST_CASE("a database that is damaged under our hands fails softly until it is repaired", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql(aliases +
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000)"
           "INSERT INTO aliases SELECT 'k'||i, hex(randomblob(100)) FROM n; INSERT INTO aliases VALUES('a','b');");
    const auto rows = of.table_of(query_alias);
    CHECK(of.said<alias>(*rows, "a") == "b");
    std::filesystem::copy(of.database, of.here / "good");
    std::filesystem::resize_file(of.database, 8192);
    CHECK(of.said<alias>(*rows, "a") == "cannot ask");
    CHECK(of.said<alias>(*rows, "a") == "cannot ask");
    const std::size_t told = of.warnings.size();
    for (int i = 0; i < 5; ++i) CHECK(of.said<alias>(*rows, "a") == "cannot ask");
    CHECK(of.warnings.size() == told);
    std::filesystem::rename(of.here / "good", of.database);
    CHECK(of.said<alias>(*rows, "a") == "b");
}

TEST_CASE("a locked database is a temporary failure, and may be at the start", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql(aliases + "INSERT INTO aliases VALUES('a','b')");
    const auto rows = of.table_of(query_alias);
    SQLite::Database writer(of.database, SQLite::OPEN_READWRITE);
    writer.exec("BEGIN EXCLUSIVE");
    CHECK(of.said<alias>(*rows, "a") == "cannot ask");
    auto late = of.open(query_alias);
    CHECK(shown(late.faults) == "0: warning: the database \"" + of.database + "\" cannot be read: database is locked");
    REQUIRE(late.table != nullptr);
    writer.exec("END");
    CHECK(of.said<alias>(*rows, "a") == "b");
    CHECK(of.said<alias>(*late.table, "a") == "b");
}

TEST_CASE("a view that recurses for ever ends at the time limit, and lookups go on", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql(aliases +
           "INSERT INTO aliases VALUES('a','b');"
           "CREATE VIEW forever(key,value) AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n)"
           " SELECT 'x', i FROM n WHERE i<0;");
    const auto rows = of.table_of(query_alias + "query_domain select value from forever where key=?\n");
    CHECK(of.said<domain>(*rows, "x") == "cannot ask");
    CHECK(of.said<alias>(*rows, "a") == "b");
}

TEST_CASE("a schema cannot call what has effects", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql(aliases + "CREATE VIEW evil(key,value) AS SELECT 'x', load_extension('/tmp/x.so');");
    CHECK(of.fault_of("query_alias select value from evil where key=?") ==
          "2: query_alias is refused by SQLite: unsafe use of load_extension()");
}

TEST_CASE("many lookups at once are all answered, each with its own row", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql(aliases +
           "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<999)"
           "INSERT INTO aliases SELECT 'k'||i, 'v'||i FROM n; CREATE INDEX i ON aliases(key);");
    const auto rows = of.table_of(query_alias);
    const auto all = [&]() -> waypost::async::awaitable<bool> {
        std::vector<waypost::async::awaitable<waypost::base::result<std::optional<std::string>>>> asked;
        for (int i = 0; i < 1000; ++i) asked.push_back(rows->lookup(service::alias, "k" + std::to_string(i)));
        const auto answers = co_await waypost::async::gather(std::move(asked));
        bool right = true;
        for (std::size_t i = 0; i < answers.size(); ++i) {
            right = right && answers[i].has_value() && *answers[i] == "v" + std::to_string(i);
        }
        co_return right;
    };
    CHECK(finish(of.loop, all()));
}

TEST_CASE("tables over several databases, and two over one, do not mind each other", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql(aliases + "INSERT INTO aliases VALUES('a','one')");
    const auto one = of.table_of(query_alias);
    const auto same = of.table_of("query_alias select key from aliases where key=?");
    of.database = of.here / "other";
    of.sql(aliases + "INSERT INTO aliases VALUES('a','two')");
    const auto two = of.table_of(query_alias);
    CHECK(of.said<alias>(*one, "a") == "one");
    CHECK(of.said<alias>(*same, "a") == "a");
    CHECK(of.said<alias>(*two, "a") == "two");
}

TEST_CASE("a lookup that is given up lets the others have their answers", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql(aliases + "INSERT INTO aliases VALUES('a','b')");
    const auto rows = of.table_of(query_alias);
    int ended = 0;
    boost::asio::cancellation_signal stop;
    std::string answer;
    boost::asio::co_spawn(of.loop, rows->lookup(service::alias, "a"),
                          boost::asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr, auto) { ++ended; }));
    for (int i = 0; i < 5; ++i) {
        boost::asio::co_spawn(of.loop, rows->lookup(service::alias, "a"), [&](std::exception_ptr, auto entry) {
            ++ended;
            answer += entry->value();
        });
    }
    of.loop.poll();
    stop.emit(boost::asio::cancellation_type::terminal);
    waypost::test::run_until(of.loop, [&] { return ended == 6; });
    CHECK(answer == "bbbbb");
}

TEST_CASE("an update reads the queries anew, and keeps those it has when they are wrong", "[table][sqlite_table]") {
    sqlite_house of;
    of.sql(aliases + "INSERT INTO aliases VALUES('a','b')");
    const auto rows = of.table_of(query_alias);
    of.write("sqlite.conf", "dbpath " + of.database + "\nquery_alias select key from aliases where key=?\n");
    CHECK(of.said<alias>(*rows, "a") == "b");
    CHECK(finish(of.loop, rows->reload()).has_value());
    CHECK(of.said<alias>(*rows, "a") == "a");
    of.write("sqlite.conf", "dbpaht x\n");
    CHECK(finish(of.loop, rows->reload()).has_error());
    CHECK(of.said<alias>(*rows, "a") == "a");
}
