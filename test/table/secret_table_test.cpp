#include "waypost/table/secret_table.hpp"

#include <catch2/catch.hpp>

#include "backend_house.hpp"
#include "waypost/table/static_table.hpp"

using namespace waypost::table;

namespace {

struct secret_house : backend_house {
    std::string secret = write("secret", "gilles:first\n");
    secret_table rows{std::make_unique<static_table>("creds", entries{.is_map = true,
                                                                      .rows = {{"bleh", "file:" + secret},
                                                                               {"env", "me:${WORD}"},
                                                                               {"plain", "a:b"},
                                                                               {"gone", "file:/nonexistent/secret"}}}),
                      [](const char* name) { return std::string_view(name) == "WORD" ? "from outside" : nullptr; },
                      context};

    std::string login(const std::string& label) {
        const auto answer = find<credentials>(rows, label);
        if (answer.has_error()) return "cannot ask";
        if (!answer->has_value()) return "none";
        return (**answer).user + ":" + std::string((**answer).password.reveal());
    }
};

}  // namespace

TEST_CASE("a list of such a table is the one of its rows, references and all", "[table][secret_table]") {
    secret_house of;
    CHECK(of.listed(of.rows, service::string) == "file:" + of.secret + " me:${WORD} a:b file:/nonexistent/secret");
}

TEST_CASE("a secret that was changed is used by the next lookup", "[table][secret_table]") {
    secret_house of;
    CHECK(of.login("bleh") == "gilles:first");
    of.write("secret", "gilles:second\n");
    CHECK(of.login("bleh") == "gilles:second");
    CHECK(of.login("env") == "me:from outside");
    CHECK(of.login("plain") == "a:b");
    CHECK(of.login("unknown") == "none");
}

TEST_CASE("a secret that cannot be had is a temporary failure, and is not shown", "[table][secret_table]") {
    secret_house of;
    CHECK(of.login("gone") == "cannot ask");
    CHECK(of.warnings == std::vector<std::string>{"creds: no credentials for \"gone\": cannot read "
                                                  "\"/nonexistent/secret\": No such file or directory"});
}

TEST_CASE("only credentials are references", "[table][secret_table]") {
    secret_house of;
    CHECK(of.said<alias>(of.rows, "bleh") == "file:" + of.secret);
}
