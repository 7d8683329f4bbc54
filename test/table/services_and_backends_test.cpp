// Every service over every backend that can hold it: made of one list of questions, so that none is left out.
#include <catch2/catch.hpp>

#include "sqlite_house.hpp"
#include "test_data.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/table/ask.hpp"
#include "waypost/table/backends.hpp"
#include "waypost/table/static_table.hpp"

using namespace waypost::table;
using waypost::test::finish;

namespace {

struct row {
    std::string key;
    std::string value;  // empty: a list's
};
struct asked {
    std::string key;
    std::string says;  // "" : the service only tells that it is there
};
/// What is stored for a service, what is found there, and what is not.
struct sample {
    service kind;
    std::vector<row> rows;
    std::vector<asked> there;
    std::vector<std::string> absent;
};

const std::vector<sample> samples = {
    {service::alias,
     {{"root", "gilles, eric"}, {"joe@a.org", "joseph"}, {"@b.org", "catchall"}},
     {{"root", "gilles, eric"}, {"Root+tag", "gilles, eric"}, {"joe+x@a.org", "joseph"}, {"any@b.org", "catchall"}},
     {"nobody", "root'--", "any@c.org"}},
    {service::domain,
     {{"example.org", ""}, {"*.example.net", ""}},
     {{"EXAMPLE.org.", ""}, {"a.b.example.net", ""}},
     {"example.net", "example.com", ""}},
    {service::credentials, {{"bleh", "gilles:pass word"}}, {{"BLEH", "gilles:********"}}, {"blah"}},
    {service::netaddr,
     {{"192.0.2.0/24", ""}, {"2001:db8::/32", ""}, {"198.51.100.7", ""}},
     {{"192.0.2.9", ""}, {"2001:db8:1::2", ""}, {"198.51.100.7", ""}},
     {"192.0.3.1", "2001:db9::1", "local", "nonsense"}},
    {service::userinfo, {{"vuser", "10:100:/srv/v"}}, {{"vuser", "10:100:/srv/v"}}, {"other"}},
    {service::source, {{"192.0.2.1", ""}}, {{"192.0.2.1", ""}}, {"192.0.2.2"}},
    {service::mailaddr,
     {{"joe@a.org", ""}, {"@b.org", ""}, {"ann@*.c.org", ""}},
     {{"Joe+tag@a.org", ""}, {"any@b.org", ""}, {"ann@x.c.org", ""}},
     {"ann@a.org", "bob@x.c.org", ""}},
    {service::addrname, {{"192.0.2.1", "mx.example.org"}}, {{"192.0.2.1", "mx.example.org"}}, {"192.0.2.2"}},
    {service::mailaddrmap, {{"joe", "joe@a.org, @b.org"}}, {{"joe", "joe@a.org, @b.org"}}, {"ann"}},
    {service::relayhost,
     {{"a.org", "smtp://mx.a.org"}, {"*.b.org", "smtp://mx.b.org"}},
     {{"a.org", "smtp://mx.a.org"}, {"x.b.org", "smtp://mx.b.org"}},
     {"c.org"}},
    {service::string, {{"some tag", ""}}, {{"Some Tag", ""}}, {"another"}},
    {service::regex, {{"^jo+e@", ""}}, {{"JOOE@a.org", ""}}, {"jane@a.org"}},
};

bool is_map(const sample& of) { return !of.rows.front().value.empty(); }

struct every_house : sqlite_house {
    std::unique_ptr<table> open(const std::string& backend, const std::string& argument) {
        auto opened = open_table("t", {backend, argument}, context);
        if (opened.table == nullptr) throw std::runtime_error(shown(opened.faults));
        return std::move(opened.table);
    }
    std::unique_ptr<table> in_memory(const sample& of) {
        entries rows{.is_map = is_map(of), .rows = {}};
        for (const row& each : of.rows) rows.rows.emplace_back(each.key, each.value);
        return std::make_unique<static_table>("t", std::move(rows));
    }
    std::unique_ptr<table> in_a_file(const sample& of) {
        std::string text = is_map(of) ? "" : "# @list\n";
        for (const row& each : of.rows) text += each.key + (is_map(of) ? " " + each.value : "") + "\n";
        return open("file", write("rows", text));
    }
    std::unique_ptr<table> in_sqlite(const sample& of) {
        sql("CREATE TABLE t(k, a, b, c)");
        SQLite::Database db(database, SQLite::OPEN_READWRITE);
        for (const row& each : of.rows) {
            std::vector<std::string> columns{each.value.empty() ? each.key : each.value};
            if (of.kind == service::credentials || of.kind == service::userinfo) {
                columns.clear();
                for (const auto part : waypost::base::split(each.value, ':')) columns.emplace_back(part);
            }
            columns.resize(3);
            SQLite::Statement insert(db, "INSERT INTO t VALUES(?,?,?,?)");
            insert.bind(1, each.key);
            for (int i = 0; i < 3; ++i) insert.bind(i + 2, columns[static_cast<std::size_t>(i)]);
            insert.exec();
        }
        std::string query = "query_" + std::string(name_of(of.kind)) + " select a from t where k=?;";
        if (of.kind == service::credentials) query = "query_credentials select a, b from t where k=?;";
        if (of.kind == service::userinfo) query = "query_userinfo select a, b, c from t where k=?;";
        if (of.kind == service::regex) query = "query_regex select k from t where ? regexp k;";
        return table_of(query + "\nfetch_source select a from t\nfetch_relayhost select a from t\n");
    }
    std::unique_ptr<table> in_a_program(const sample& of) {
        std::string text;
        for (const row& each : of.rows) {
            // A program does its own matching of expressions; this one knows texts.
            const std::string key = of.kind == service::regex ? "jooe@a.org" : each.key;
            text +=
                std::string(name_of(of.kind)) + "|" + key + "|" + (each.value.empty() ? each.key : each.value) + "\n";
        }
        const std::string program = WAYPOST_TEST_DATA "/../support/table_program.py";
        return open("proc", program + " " + write("program_rows", text));
    }
    std::string ask_for(table& in, service kind, const std::string& key) {
        const auto said = finish(loop, waypost::table::ask(in, kind, key));
        if (said.has_error()) return "cannot ask";
        return said->has_value() ? "yes " + **said : "no";
    }
};

void check(every_house& house, table& in, const sample& of) {
    for (const asked& each : of.there) {
        CAPTURE(each.key);
        const std::string said = house.ask_for(in, of.kind, each.key);
        CHECK(said.starts_with("yes "));
        if (!each.says.empty()) CHECK(said == "yes " + each.says);
    }
    for (const std::string& key : of.absent) {
        CAPTURE(key);
        CHECK(house.ask_for(in, of.kind, key) == "no");
    }
}

}  // namespace

TEST_CASE("every service means the same over every backend", "[table][services_and_backends]") {
    REQUIRE(samples.size() == std::size(all_services));
    using maker = std::unique_ptr<table> (every_house::*)(const sample&);
    const std::vector<std::pair<std::string, maker>> backends = {{"static", &every_house::in_memory},
                                                                 {"file", &every_house::in_a_file},
                                                                 {"sqlite", &every_house::in_sqlite},
                                                                 {"proc", &every_house::in_a_program}};
    for (const sample& of : samples) {
        for (const auto& [name, make] : backends) {
            CAPTURE(name_of(of.kind), name);
            every_house house;
            const auto rows = (house.*make)(of);
            check(house, *rows, of);
            if (of.kind == service::source || of.kind == service::relayhost) {
                const std::string first = of.rows.front().value.empty() ? of.rows.front().key : of.rows.front().value;
                CHECK(house.fetched(*rows, of.kind) == first);
                CHECK(house.listed(*rows, of.kind).find(first) != std::string::npos);
            }
        }
    }
}

TEST_CASE("a passwd file and the system's users hold what they can, and refuse the rest",
          "[table][services_and_backends]") {
    every_house house;
    const auto passwd = house.open("passwd", house.write("passwd", "vuser:pass word:10:100::/srv/v:\n"));
    const auto system = house.open("getpwnam", "");
    for (const sample& of : samples) {
        CAPTURE(name_of(of.kind));
        if (of.kind == service::userinfo) {
            check(house, *passwd, of);
            CHECK(house.ask_for(*system, of.kind, "root").starts_with("yes 0:0:/"));
            CHECK(house.ask_for(*system, of.kind, "no-such-user-here") == "no");
        } else if (of.kind == service::credentials) {
            CHECK(house.ask_for(*passwd, of.kind, "vuser") == "yes vuser:********");
            CHECK(house.ask_for(*system, of.kind, "root") == "cannot ask");
        } else {
            CHECK(house.ask_for(*passwd, of.kind, of.there.front().key) == "cannot ask");
            CHECK(house.ask_for(*system, of.kind, of.there.front().key) == "cannot ask");
        }
    }
}
