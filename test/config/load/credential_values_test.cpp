#include "load_context.hpp"

#include <catch2/catch.hpp>

using namespace waypost::config;

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
