#include "waypost/config/grammar/parse.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "test_data.hpp"

using namespace waypost::config;

TEST_CASE("the reference page in docs/ has the options that the program has", "[config][reference]") {
    const auto top = std::filesystem::path(WAYPOST_TEST_DATA).parent_path().parent_path();
    const auto page = top / "docs" / "configuration.md";
    if (std::getenv("WAYPOST_WRITE_REFERENCE") != nullptr) std::ofstream(page, std::ios::binary) << reference();
    std::ostringstream written;
    written << std::ifstream(page, std::ios::binary).rdbuf();
    INFO("run this test with WAYPOST_WRITE_REFERENCE=1 in its environment, and it writes the page");
    CHECK(written.str() == reference());
}

TEST_CASE("an option has its words, its range, its default and what it does", "[config][reference]") {
    const std::string page = reference();
    CHECK(page.find("| `smtp limit max-received` | 1..1000000 | `100` | Received fields") != std::string::npos);
    CHECK(page.find("| `queue retry base` | TIME | `400s` |") != std::string::npos);
    CHECK(page.find("| `max-conn-per-host` | 1..1000000 | `20` |") != std::string::npos);
}

TEST_CASE("older words and words that are not built are not in the reference", "[config][reference]") {
    const std::string page = reference();
    CHECK(page.find("`mask-src`") != std::string::npos);
    CHECK(page.find("mask-source") == std::string::npos);
    CHECK(page.find("ciphers") == std::string::npos);
}
