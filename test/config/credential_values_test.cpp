#include "credential_values.hpp"

#include <catch2/catch.hpp>

#include "texts.hpp"

using namespace waypost::config;

namespace {

const environment none = [](const char*) -> const char* { return nullptr; };
const environment of_test = [](const char* name) -> const char* {
    return std::string_view(name) == "LOGIN" ? "user:pass word" : nullptr;
};

std::string resolved(std::string_view value, const environment& env = of_test) {
    const auto answer = resolve_reference(value, env);
    if (const auto* why = std::get_if<unreadable>(&answer)) return "FAULT " + why->why;
    return std::get<std::string>(answer);
}

}  // namespace

TEST_CASE("a value that names its secret is told from one that is it", "[config][credential_values]") {
    for (const std::string yes : {"${NAME}", "${_x1}", "file:/run/secrets/x", "user:${NAME}", "user:file:/run/x"}) {
        CHECK(is_reference(yes));
    }
    for (const std::string no : {"", "user:password", "$NAME", "${}", "${1}", "${A B}", "${NAME", "x${NAME}",
                                 "file:relative", "file:/", "user:$6$salt$hash", "a:b:${NAME}"}) {
        CHECK_FALSE(is_reference(no));
    }
}

TEST_CASE("a value comes from the environment", "[config][credential_values]") {
    CHECK(resolved("${LOGIN}") == "user:pass word");
    CHECK(resolved("me:${LOGIN}") == "me:user:pass word");
    CHECK(resolved("${LOGIN}", none) == "FAULT the environment variable LOGIN is not set");
    CHECK(resolved("user:password") == "user:password");
}

TEST_CASE("a value comes from a file, without its last newline", "[config][credential_values]") {
    const scratch_directory here;
    CHECK(resolved("file:" + here.write("a", "user:password\n")) == "user:password");
    CHECK(resolved("file:" + here.write("b", "user:password\r\n")) == "user:password");
    CHECK(resolved("file:" + here.write("c", "user:password\n\n")) == "user:password\n");
    CHECK(resolved("me:file:" + here.write("d", "secret")) == "me:secret");
    CHECK(resolved("file:" + here.file("e")) ==
          "FAULT cannot read \"" + here.file("e") + "\": No such file or directory");
    CHECK(resolved("file:" + here.write("f", std::string(20'000, 'x'))) ==
          "FAULT cannot read \"" + here.file("f") + "\": it is larger than 16 KiB");
}

TEST_CASE("credentials that no session could use are told", "[config][credential_values]") {
    CHECK_FALSE(fault_of_credentials("user:password"));
    CHECK_FALSE(fault_of_credentials("password"));
    CHECK(fault_of_credentials("") == "there is no password");
    CHECK(fault_of_credentials("user:") == "there is no password");
    CHECK(fault_of_credentials(":password") == "there is no user name before the \":\"");
    CHECK(fault_of_credentials("user:pass\nword") == "there is a control character (a newline?) in it");
    CHECK(fault_of_credentials("user:" + std::string(3000, 'x')) == "it is longer than 2047 bytes");
}

TEST_CASE("hashes and marked passwords do not look like plain text", "[config][credential_values]") {
    CHECK_FALSE(looks_like_plain_text("user:$6$salt$hash"));
    CHECK_FALSE(looks_like_plain_text("$2b$10$hash"));
    CHECK_FALSE(looks_like_plain_text("user:{PLAIN}secret"));
    CHECK(looks_like_plain_text("user:secret"));
    CHECK(looks_like_plain_text("secret"));
}
