#include "waypost/table/secret_reference.hpp"

#include <catch2/catch.hpp>

#include "support/temporary_directory.hpp"

using namespace waypost::table;
using waypost::test::temporary_directory;

namespace {

const environment none = [](const char*) -> const char* { return nullptr; };
const environment of_test = [](const char* name) -> const char* {
    return std::string_view(name) == "LOGIN" ? "user:pass word" : nullptr;
};

std::string resolved(std::string_view value, const environment& env = of_test) {
    const auto answer = resolve_reference(value, env);
    if (const auto* why = std::get_if<no_secret>(&answer)) return "FAULT " + why->reason;
    return std::get<std::string>(answer);
}

std::string write(const temporary_directory& in, const std::string& name, const std::string& text) {
    waypost::test::write_file(in / name, text);
    return in / name;
}

}  // namespace

TEST_CASE("a value that names its secret is told from one that is it", "[table][secret_reference]") {
    for (const std::string yes : {"${NAME}", "${_x1}", "file:/run/secrets/x", "user:${NAME}", "user:file:/run/x"}) {
        CHECK(is_reference(yes));
    }
    for (const std::string no : {"", "user:password", "$NAME", "${}", "${1}", "${A B}", "${NAME", "x${NAME}",
                                 "file:relative", "file:/", "user:$6$salt$hash", "a:b:${NAME}"}) {
        CHECK_FALSE(is_reference(no));
    }
}

TEST_CASE("a value comes from the environment", "[table][secret_reference]") {
    CHECK(resolved("${LOGIN}") == "user:pass word");
    CHECK(resolved("me:${LOGIN}") == "me:user:pass word");
    CHECK(resolved("${LOGIN}", none) == "FAULT the environment variable LOGIN is not set");
    CHECK(resolved("user:password") == "user:password");
}

TEST_CASE("audit 36: a reference where none can stand is no password", "[table][secret_reference]") {
    for (const std::string wrong :
         {"user:${LOGIN}x", "user:x${LOGIN}", "${LOGIN}:${LOGIN}", "user:${}", "x${LOGIN}", "${"}) {
        CAPTURE(wrong);
        CHECK(may_refer(wrong));
        CHECK(resolved(wrong).starts_with("FAULT \"${\" stands for a variable only as"));
    }
    for (const std::string good : {"user:pa$word", "user:{PLAIN}x", "$2b$10$x", "user:$ {x}"}) {
        CHECK_FALSE(may_refer(good));
        CHECK(resolved(good) == good);
    }
}

TEST_CASE("a value comes from a file, without its last newline", "[table][secret_reference]") {
    const temporary_directory here;
    CHECK(resolved("file:" + write(here, "a", "user:password\n")) == "user:password");
    CHECK(resolved("file:" + write(here, "b", "user:password\r\n")) == "user:password");
    CHECK(resolved("file:" + write(here, "c", "user:password\n\n")) == "user:password\n");
    CHECK(resolved("me:file:" + write(here, "d", "secret")) == "me:secret");
    CHECK(resolved("file:" + (here / "e")) == "FAULT cannot read \"" + (here / "e") + "\": No such file or directory");
    CHECK(resolved("file:" + write(here, "f", std::string(20'000, 'x'))) ==
          "FAULT cannot read \"" + (here / "f") + "\": it is larger than 16 KiB");
}
