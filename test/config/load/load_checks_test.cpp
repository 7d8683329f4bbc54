#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "config/load/loads.hpp"

using namespace waypost::config;
using Catch::Matchers::Contains;

TEST_CASE("audit 43: a blank at the end of a user's home is a warning", "[config][load_checks]") {
    const scratch_directory here;
    const std::string path = here.write("users", "bob 10:100:/home/bob\nalice 11:100:/home/alice \n");
    CHECK(load_faults(
              lines({"table u \"file:" + path + "\"", "action a maildir userbase <u>", "match for any action a"})) ==
          path +
              ":2: warning: the home directory of \"alice\" ends in a blank; remove the blanks at the end of the row");
}

TEST_CASE("audit 43: a wildcard in the user of an address is a warning, because it matches nobody",
          "[config][load_checks]") {
    CHECK(load_faults(
              lines({"action a relay", "match for rcpt-to { \"us*r@example.org\", \"*@example.net\" } action a"})) ==
          "t:2:21: warning: \"us*r@example.org\" matches nobody: a wildcard stands only in the domain of an address; "
          "write the whole name\n"
          "t:2:41: warning: \"*@example.net\" matches nobody: a wildcard stands only in the domain of an address; "
          "write @example.net");
    CHECK_THAT(load_faults(lines({"action a relay", "match mail-from { \"*@x.org\" } for any action a"})),
               Contains("write @x.org"));
    CHECK_THAT(load_faults(lines({"action a maildir virtual { \"*@x.org\" = joe }", "match for any action a"})),
               Contains("warning: \"*@x.org\" matches nobody"));
    CHECK(
        load_faults(lines({"action a relay", "match for rcpt-to { \"joe@*.example.org\", \"@x.org\", joe } action a"}))
            .empty());
}

TEST_CASE("audit 36: a reference to a variable that is no reference where it stands is a fault",
          "[config][load_checks]") {
    for (const std::string value :
         {"user:${PASSWORD}x", "user:x${PASSWORD}", "${USER}:${PASSWORD}", "user:${}", "a${b"}) {
        CAPTURE(value);
        const std::string faults =
            load_faults(lines({"table s { l = \"" + value + "\" }", "action a relay host smtps://l@h auth <s>",
                               "match for any action a"}));
        CHECK_THAT(faults, Contains("t:1:11: no credentials for \"l\": \"${\" stands for a variable only as"));
    }
}

TEST_CASE("audit 31: the program of a table runs as nobody, or as the user that is written", "[config][load_checks]") {
    const scratch_directory here;
    const std::string rules = "action a relay\nmatch from src <t> for any action a\n";
    CHECK_THROWS_WITH(model_of("table t \"file:/etc/hosts\" user joe\n" + rules),
                      Contains("\"user\" for a table that is no program"));
    const model one = model_of("table t \"proc:/bin/true x\" user \"joe\"\n" + rules);
    REQUIRE(one.tables.front().user.has_value());
    CHECK(one.tables.front().user->text == "joe");
    CHECK_THAT(print(one), Contains("table t \"proc:/bin/true x\" user \"joe\"\n"));
    if (::geteuid() != 0) return;  // only root can be another
    CHECK_THAT(load_faults("table t \"proc:/bin/true\" user no-such-user-here\n" + rules),
               Contains("t:1:31: there is no user \"no-such-user-here\""));
    const std::string secret = here.write("ldap.conf", "x");
    REQUIRE(::chmod(secret.c_str(), 0600) == 0);
    CHECK_THAT(
        load_faults("table t \"proc:/bin/true " + secret + "\"\n" + rules),
        Contains("t:1:1: warning: the program of this table runs as root, because nobody cannot read \"" + secret));
    CHECK_THAT(load_faults("table t \"proc:/bin/true " + secret + "\" user nobody\n" + rules),
               Contains("warning: \"nobody\" cannot read \"" + secret));
    CHECK(load_faults("table t \"proc:/bin/true " + secret + "\" user root\n" + rules).empty());
    CHECK(load_faults("table t \"proc:/bin/true /etc/passwd\"\n" + rules).empty());
}

TEST_CASE("the program of a table must be one that its user can run, with files that it can read",
          "[config][load_checks]") {
    if (::geteuid() != 0) return;  // only root can be another
    const scratch_directory here;
    const std::string rules = "action a relay\nmatch from src <t> for any action a\n";
    const auto faults = [&rules](const std::string& command) {
        return load_faults("table t \"proc:" + command + "\"\n" + rules);
    };
    const std::string program = here.write("program", "#!/bin/sh\n");
    REQUIRE(::chmod(program.c_str(), 0744) == 0);
    CHECK_THAT(faults(program), Contains("runs as root, because nobody cannot run \"" + program));
    REQUIRE(::chmod(program.c_str(), 0711) == 0);
    CHECK_THAT(faults(program), Contains("runs as root, because nobody cannot"));  // a script is read
    const std::string secret = here.write("ldap.conf", "x");
    REQUIRE(::chmod(secret.c_str(), 0600) == 0);
    for (const std::string before : {"--config=", "-x\t", "'", "--config='"}) {
        const std::string after = before.ends_with('\'') ? "'" : "";
        CAPTURE(before);
        CHECK_THAT(faults("/bin/true " + before + secret + after),
                   Contains("runs as root, because nobody cannot read \"" + secret));
    }
}

TEST_CASE("audit 35: `config` shows no secret of tables that only conditions use, of unused lists and of commands",
          "[config][printer]") {
    const std::string hash = "$6$saltsalt$0123456789abcdef0123456789";
    const std::string all = print(model_of(
        lines({"table in { ada = \"ada:" + hash + "\", bob = hush1 }",
               "table unused { \"user:hush2\", \"smtps://u:hush3@h\", \"::1\" }",
               "table p \"proc:/bin/true --password hush4 dsn://u:hush5@h\"",
               "mda wrapper w \"x --token=hush6 %{mda}\"", "action a mda \"/bin/x --password hush7\" wrapper w",
               "action b relay", "match from auth <in> for any action b", "match from src <p> for any action b",
               "match for domain { a = hush8 } action a"})));
    CHECK_THAT(all, !Contains("hush") && !Contains("saltsalt"));
    CHECK_THAT(all, Contains("\"ada\" = ") && Contains("\"::1\"") && Contains("/bin/true --password ********"));
}
