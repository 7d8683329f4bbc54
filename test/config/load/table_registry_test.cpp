#include "table_registry.hpp"

#include <SQLiteCpp/Database.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "config/load/loads.hpp"
#include "support/run_until.hpp"
#include "waypost/table/services.hpp"
#include "waypost/table/static_table.hpp"

using namespace waypost::config;

namespace {

waypost::table::entries rows_of(const waypost::table::table* one) {
    return dynamic_cast<const waypost::table::static_table&>(*one).all();
}

/// What a lookup says: the value, "none" or "cannot ask".
template <class Service>
std::string said(waypost::table::table* in, const std::string& key) {
    const auto answer = waypost::test::finish(threads().loop, waypost::table::find<Service>(*in, key));
    if (answer.has_error()) return "cannot ask";
    if (!answer->has_value()) return "none";
    if constexpr (std::is_same_v<Service, waypost::table::credentials>) {
        return (**answer).user + ":" + std::string((**answer).password.reveal());
    } else {
        return **answer;
    }
}

/// A configuration that relays to the hosts of a table file.
std::string with_hosts(const std::string& path) {
    return lines({"table hosts \"file:" + path + "\"", "action a relay host <hosts>", "match for any action a"});
}

}  // namespace

TEST_CASE("a table that does not exist is a fault with the nearest name", "[config][table_registry]") {
    CHECK(load_faults(lines({"table domains { a }", "action a maildir", "match for domain <domians> action a"})) ==
          "t:3:18: there is no table <domians>; did you mean \"domains\"?\n"
          "t:1:1: warning: table \"domains\" is not used; remove it, or write <domains> where it is meant");
    CHECK(load_faults("action a maildir alias <x>\nmatch for any action a") ==
          "t:1:24: there is no table <x>; define it: table x { ... }");
}

TEST_CASE("a table that nothing uses is a warning", "[config][table_registry]") {
    CHECK(load_faults("table x { a }\n" + a_rule) ==
          "t:1:1: warning: table \"x\" is not used; remove it, or write <x> where it is meant");
}

TEST_CASE("a table file is read", "[config][table_registry]") {
    const scratch_directory here;
    const std::string path = here.write("hosts", "# @list\nsmtp://a.example\n\n# more\nsmtps://b.example\n");
    const generation made = settings_of(with_hosts(path));
    auto& hosts = *made.relay.actions.at("a").hosts;
    const auto rows = waypost::test::finish(threads().loop, hosts.list(waypost::table::service::relayhost, 10));
    CHECK(rows.value() == std::vector<std::string>{"smtp://a.example", "smtps://b.example"});
}

TEST_CASE("faults of a table file name that file and its line", "[config][table_registry]") {
    const scratch_directory here;
    CHECK(load_faults(with_hosts(here.file("none"))) ==
          "t:1:1: cannot read table \"hosts\" from \"" + here.file("none") + "\": No such file or directory");
    const std::string mixed = here.write("mixed", "a: b\nc\n");
    CHECK(load_faults(with_hosts(mixed)) == mixed + ":2: an entry without a value; the first entry has one");
    const std::string urls = here.write("urls", "# @list\n\nsmtp://a.example\n# x\n  smpt://b.example\r\n");
    CHECK(load_faults(with_hosts(urls)).starts_with(urls + ":5: unknown scheme 'smpt'; did you mean "));
    const std::string split = here.write("split", "smtp+tls://l@h\n");
    CHECK(load_faults(with_hosts(split)) ==
          split + ":1: a relay URL is split at its colon; write \"# @list\" as the first line of the file");
}

TEST_CASE("credentials come from where they are said to be", "[config][table_registry]") {
    const scratch_directory here;
    ::setenv("WAYPOST_TEST_LOGIN", "env:secret", 1);
    const std::string secret = here.write("secret", "file:secret\n");
    const generation made =
        settings_of(lines({"table t { a = \"${WAYPOST_TEST_LOGIN}\", b = \"file:" + secret + "\", c = \"c:d\" }",
                           "action a relay host smtps://a@h auth <t>",
                           "action b relay host smtps://x@h auth { x = \"${WAYPOST_TEST_LOGIN}\" }",
                           "match for any action a", "match for any action b"}));
    using waypost::table::credentials;
    waypost::table::table* const logins = made.relay.actions.at("a").credentials;
    CHECK(said<credentials>(logins, "a") == "env:secret");
    CHECK(said<credentials>(logins, "b") == "file:secret");
    CHECK(said<credentials>(logins, "c") == "c:d");
    CHECK(said<credentials>(made.relay.actions.at("b").credentials, "x") == "env:secret");

    here.write("secret", "file:changed\n");
    CHECK(said<credentials>(logins, "b") == "file:changed");  // the next connection uses it
    std::filesystem::remove(secret);
    CHECK(said<credentials>(logins, "b") == "cannot ask");
    ::unsetenv("WAYPOST_TEST_LOGIN");
}

TEST_CASE("credentials that are not where they are said to be are a fault of their row", "[config][table_registry]") {
    const std::string rest = "action a relay host smtps://l@h auth <t>\nmatch for any action a\n";
    CHECK(load_faults("table t {\n l = \"${WAYPOST_TEST_UNSET}\" }\n" + rest) ==
          "t:2:2: no credentials for \"l\": the environment variable WAYPOST_TEST_UNSET is not set");
    CHECK(load_faults("table t { l = \"file:/nonexistent\" }\n" + rest) ==
          "t:1:11: no credentials for \"l\": cannot read \"/nonexistent\": No such file or directory");
    const scratch_directory here;
    const std::string path = here.write("t", "# secrets\nl file:/nonexistent\n");
    CHECK(load_faults("table t \"file:" + path + "\"\n" + rest) ==
          path + ":2: no credentials for \"l\": cannot read \"/nonexistent\": No such file or directory");
}

TEST_CASE("values of other tables are left as they are", "[config][table_registry]") {
    const generation made =
        settings_of(lines({"table t { a = \"${HOME}\" }", "action a maildir alias <t>", "match for any action a"}));
    CHECK(rows_of(made.rules->actions()[0]->expand_with).rows[0].second == "${HOME}");
}

TEST_CASE("an anonymous table is called by its place", "[config][table_registry]") {
    const generation made = settings_of("action a relay host smtp://h\nmatch for any action a");
    CHECK(made.relay.actions.at("a").hosts->name() == "t:1");
}

TEST_CASE("the configuration of December 2012 over SQLite loads and answers", "[config][table_registry]") {
    const scratch_directory here;
    const std::string database = here.file("sqlite.db");
    SQLite::Database(database, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
        .exec(
            "CREATE TABLE aliases(key, value); CREATE TABLE domains(key, value);"
            "INSERT INTO aliases VALUES('root','gilles'); INSERT INTO domains VALUES('poolp.org','poolp.org');");
    const std::string conf = here.write(
        "sqlite.conf", lines({"# Path to database", "dbpath " + database, "", "# Alias lookup query", "# rows >= 0",
                              "# fields == 1 (user varchar)", "query_alias select value from aliases where key=?;", "",
                              "# Domain lookup query", "# rows == 1", "# fields == 1 (domain varchar)",
                              "query_domain select value from domains where key=?;"}));
    const generation made =
        settings_of(lines({"table mytbl sqlite:" + conf, "accept for domain <mytbl> alias <mytbl> deliver to mbox"}));
    CHECK(said<waypost::table::domain>(made.tables.front().get(), "poolp.org") == "poolp.org");
    CHECK(said<waypost::table::alias>(made.tables.front().get(), "root") == "gilles");
}

TEST_CASE("faults of a database's file name that file and its line", "[config][table_registry]") {
    const scratch_directory here;
    const std::string conf = here.write("sqlite.conf", "dbpath /nonexistent/db\nquery_alais select 1\n");
    CHECK(load_faults("table t sqlite:" + conf + "\n" + a_rule)
              .starts_with(conf + ":2: \"query_alais\" is no key of this file; there are dbpath, query_alias, "));
    CHECK(load_faults("table t passwd:/nonexistent/p\n" + a_rule)
              .starts_with("t:1:1: cannot read table \"t\" from \"/nonexistent/p\": No such file or directory"));
}

TEST_CASE("rows that are not known while loading are not found fault with", "[config][table_registry]") {
    const scratch_directory here;
    const std::string users = here.write("passwd", "a:x:1:1::/a:\n");
    CHECK(load_faults(lines({"table t passwd:" + users, "action a relay host smtps://l@h auth <t>",
                             "action b relay host <t>", "action c maildir alias <t>", "match for any action a",
                             "match for any action b", "match for any action c"})) == "");
}
