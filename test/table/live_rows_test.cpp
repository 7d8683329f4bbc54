// Every fault that the judge of a service knows, in every backend, in a row that changes while it is in use.
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>

#include "sqlite_house.hpp"
#include "test_data.hpp"
#include "waypost/table/ask.hpp"
#include "waypost/table/backends.hpp"

using namespace waypost::table;
using Catch::Matchers::Contains;
using waypost::test::finish;

namespace {

struct fault_case {
    service kind;
    std::string key;
    std::string good;
    std::vector<std::string> bad;
};

const std::string longer_than_a_line = "user:" + std::string(3000, 'x');

const std::vector<fault_case> cases = {
    {service::alias, "root", "gilles", {" "}},
    {service::credentials, "lab", "user:secret", {"user:", ":secret", "user:sec\x01ret", longer_than_a_line}},
    {service::userinfo,
     "vuser",
     "10:100:/srv/v",
     {"10:100", "ten:100:/srv/v", "10:-1:/srv/v", "4294967295:100:/srv/v", "10:4294967295:/srv/v", "10:100:srv/v",
      "10:100:/srv\x01/v", "nonsense"}},
    {service::addrname,
     "192.0.2.1",
     "mx.example.org",
     {"mx.example.org\rRSET", "mx example", "-x.example", "mx..example", std::string(300, 'x')}},
    {service::mailaddrmap, "joe", "joe@example.org", {" "}},
    {service::relayhost, "example.org", "smtp://mx.example.org", {" "}},
};

enum class backend { file, sqlite, proc };

/// A table of one row, which changes.
struct live_house : sqlite_house {
    backend in;
    service kind;
    std::unique_ptr<table> rows;

    live_house(backend b, service k, const std::string& key, const std::string& value) : in(b), kind(k) {
        if (in == backend::sqlite) sql("CREATE TABLE t(k, c0, c1, c2)");
        put(key, value);
        const std::string name(name_of(kind));
        if (in == backend::file) rows = open_as("file", here / "rows");
        if (in == backend::sqlite)
            rows = table_of("query_" + name + " select " + std::string(columns()) + " from t where k=?;\n");
        if (in == backend::proc) {
            rows = open_as("proc", WAYPOST_TEST_DATA "/../support/table_program.py " + (here / "rows"));
        }
    }
    [[nodiscard]] const char* columns() const {
        return kind == service::credentials ? "c0, c1" : kind == service::userinfo ? "c0, c1, c2" : "c0";
    }
    std::unique_ptr<table> open_as(const std::string& type, const std::string& argument) {
        auto opened = open_table("t", {type, argument}, context);
        if (opened.table == nullptr) throw std::runtime_error(shown(opened.faults));
        return std::move(opened.table);
    }
    void put(const std::string& key, const std::string& value) {
        if (in == backend::sqlite) {
            SQLite::Database db(database, SQLite::OPEN_READWRITE);
            db.exec("DELETE FROM t");
            SQLite::Statement insert(db, "INSERT INTO t VALUES(?,?,?,?)");
            insert.bind(1, key);
            std::string_view rest = value;
            for (int i = 0; i < 3; ++i) {  // the last column has all that is left
                const bool is_split = (kind == service::credentials && i < 1) || (kind == service::userinfo && i < 2);
                const std::string part(rest.substr(0, is_split ? rest.find(':') : std::string_view::npos));
                rest.remove_prefix(std::min(part.size() + 1, rest.size()));
                insert.bind(i + 2, part);
            }
            insert.exec();
        } else {
            const std::string line =
                in == backend::file ? key + " " + value : std::string(name_of(kind)) + "|" + key + "|" + value;
            std::filesystem::rename(write("new", line + "\n"), here / "rows");
        }
        clock.advance(std::chrono::seconds(3));  // what is known of files and programs is older than it may be
    }
    std::string ask_for(const std::string& key) {
        const auto said = finish(loop, ask(*rows, kind, key));
        if (said.has_error()) return said.error().message();
        return said->has_value() ? "yes" : "no";
    }
};

const char* name_of_backend(backend one) {
    return one == backend::file ? "file" : one == backend::sqlite ? "sqlite" : "proc";
}

}  // namespace

TEST_CASE("audit 1: a live row that its service could not use at load is a temporary failure, told by table and row",
          "[table][live_rows]") {
    for (const fault_case& one : cases) {
        for (const backend in : {backend::file, backend::sqlite, backend::proc}) {
            for (const std::string& bad : one.bad) {
                if (in == backend::proc && bad.find('\r') != std::string::npos) continue;  // no line of the protocol
                CAPTURE(name_of(one.kind), name_of_backend(in), bad);
                live_house house(in, one.kind, one.key, one.good);
                CHECK(house.ask_for(one.key) == "yes");
                house.put(one.key, bad);
                const std::string said = house.ask_for(one.key);
                CHECK(said == "row of the table cannot be understood");
                REQUIRE(house.warnings.size() == 1);
                CHECK_THAT(house.warnings[0], Catch::StartsWith("t: ") && Contains("\"" + one.key + "\""));
                CHECK_THAT(house.warnings[0], !Contains("secret"));
                house.ask_for(one.key);
                CHECK(house.warnings.size() == 1);  // told once
                house.put(one.key, one.good);
                CHECK(house.ask_for(one.key) == "yes");
            }
        }
    }
}

namespace {

struct condition_case {
    service kind;
    row_judge judge;
    std::string good;
    std::string asked;  // covered by the good one
    std::string unrelated;  // good too, and does not cover it
    std::vector<std::string> bad;
};
const std::vector<condition_case> conditions = {
    {service::netaddr,
     &netaddr::fault_of,
     "127.0.0.0/8",
     "127.0.0.1",
     "192.0.2.1",
     {"127.0.0.1/33", "127.0.0", "2001:db8::/129", "127.0.0.0/x", "example.org", "127.0.0.1 - 127.0.0.9"}},
    {service::regex, &regex::fault_of, "^ad.@", "ada@example.org", "^bob@", {"(", "[a", "*(", "a{2"}},
    {service::domain,
     &fault_of_domain,
     "example.org",
     "example.org",
     "example.net",
     {"@example.org", "a@b.org", "a b", ".example.org", "example.org,", "smtp:example.org", "<example.org>", "a..b"}},
    {service::mailaddr,
     &mailaddr::fault_of,
     "a@example.org",
     "a@example.org",
     "b@example.org",
     {"<a@example.org>", "a@example.org,", "a@example.org;", "a @example.org", "a@", "a@.example.org", "a@b.org."}},
};

}  // namespace

TEST_CASE("audit 29: a file with a bad row for a condition keeps the rows it had, and says which line and why",
          "[table][live_rows]") {
    for (const condition_case& one : conditions) {
        for (const std::string& bad : one.bad) {
            CAPTURE(name_of(one.kind), bad);
            live_house house(backend::file, one.kind, "# @list\n" + one.good, "");
            house.rows->judge_by(one.judge);
            CHECK(house.ask_for(one.asked) == "yes");
            house.put("# @list\n" + one.unrelated + "\n" + bad, "");
            CHECK(house.ask_for(one.asked) == "yes");
            REQUIRE(house.warnings.size() == 1);
            CHECK_THAT(house.warnings[0], Contains("rows:3: ") && Contains("stays in use"));
            house.put("# @list\n" + one.good, "");
            CHECK(house.ask_for(one.asked) == "yes");
            CHECK(house.warnings.size() == 1);
        }
    }
}

TEST_CASE("audit 29: a pattern that cannot match as written is told when its file changes, and the file is used",
          "[table][live_rows]") {
    live_house house(backend::file, service::mailaddr, "a@example.org", "");
    house.rows->judge_by(&mailaddr::fault_of);
    house.put("# @list\na@example.org\nus*r@example.org\nb@example.org", "");
    CHECK(house.ask_for("b@example.org") == "yes");
    REQUIRE(house.warnings.size() == 1);
    CHECK_THAT(house.warnings[0], Contains("rows:3: ") && Contains("us*r@example.org"));
}

TEST_CASE("audit 29: a bad expression in a database is a temporary failure, and told", "[table][live_rows]") {
    sqlite_house house;
    house.sql("CREATE TABLE t(k); INSERT INTO t VALUES ('^ad.@'), ('(')");
    const auto rows = house.table_of("query_regex select k from t where ? regexp k;\n");
    CHECK(house.said<regex>(*rows, "ada@example.org") == "^ad.@");
    const auto other = house.find<regex>(*rows, "bob@example.org");
    REQUIRE(other.has_error());
    CHECK(other.error() == errc::malformed_row);
    REQUIRE(house.warnings.size() == 1);
    CHECK_THAT(house.warnings[0], Contains("\"(\" is no regular expression"));
    house.sql("DELETE FROM t WHERE k = '('");
    CHECK(house.said<regex>(*rows, "bob@example.org") == "none");
}

TEST_CASE("audit 44: a user with a colon in a column of its own is refused", "[table][live_rows]") {
    sqlite_house house;
    house.sql("CREATE TABLE c(label, user, password); INSERT INTO c VALUES ('a', 'us:er', 'pass'), ('b', 'u', 'p:w')");
    const auto rows = house.table_of("query_credentials select user, password from c where label=?;\n");
    const auto split = house.find<credentials>(*rows, "a");
    REQUIRE(split.has_error());
    CHECK(split.error() == errc::malformed_row);
    REQUIRE(house.warnings.size() == 1);
    CHECK_THAT(house.warnings[0], Contains("\"a\"") && Contains("colon"));
    const auto good = house.find<credentials>(*rows, "b");
    REQUIRE(good.has_value());
    CHECK((**good).user == "u");
    CHECK((**good).password.reveal() == "p:w");
}

TEST_CASE("audit 42: an address of a link is covered by the same address without its interface", "[table][live_rows]") {
    live_house house(backend::file, service::netaddr, "# @list\nfe80::1\nfe80::2%lo\nfe80::3:0/112", "");
    CHECK(house.ask_for("fe80::1%lo") == "yes");
    CHECK(house.ask_for("fe80::1") == "yes");
    CHECK(house.ask_for("fe80::2%lo") == "yes");
    CHECK(house.ask_for("fe80::2") == "no");
    CHECK(house.ask_for("fe80::3:9%lo") == "yes");
    CHECK(house.ask_for("fe80::4%lo") == "no");
}
