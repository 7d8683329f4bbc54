#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/temporary_directory.hpp"
#include "waypost/net/tls_context.hpp"

using namespace waypost;
using Catch::Matchers::Contains;

namespace {

mode_t mode_of(const std::string& path) {
    struct stat found{};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    return found.st_mode & 07777U;
}

bool usable(const net::key_pair& pair) {
    return net::tls_context::server({.identities = {pair}, .ca_file = {}, .demand_client_certificate = false}) !=
           nullptr;
}

}  // namespace

TEST_CASE("a missing key pair is made, and one that is there stays", "[net][self_signed]") {
    const test::temporary_directory directory;
    const net::key_pair pair{directory / "host.crt", directory / "host.key"};
    CHECK(net::ensure_self_signed(pair, "mx.example.org"));
    CHECK(usable(pair));
    const std::string certificate = test::read_file(pair.certificate_file);
    const std::string key = test::read_file(pair.key_file);
    CHECK_FALSE(net::ensure_self_signed(pair, "mx.example.org"));
    CHECK(test::read_file(pair.certificate_file) == certificate);
    CHECK(test::read_file(pair.key_file) == key);
}

TEST_CASE("half a key pair is made whole", "[net][self_signed]") {
    const test::temporary_directory directory;
    const net::key_pair pair{directory / "host.crt", directory / "host.key"};
    net::ensure_self_signed(pair, "mx.example.org");
    SECTION("without its key") { std::filesystem::remove(pair.key_file); }
    SECTION("without its certificate") { std::filesystem::remove(pair.certificate_file); }
    CHECK(net::ensure_self_signed(pair, "mx.example.org"));
    CHECK(usable(pair));
}

TEST_CASE("nobody else can read the key", "[net][self_signed]") {
    const test::temporary_directory directory;
    const net::key_pair pair{directory / "host.crt", directory / "host.key"};
    const mode_t before = ::umask(0);
    net::ensure_self_signed(pair, "mx.example.org");
    ::umask(before);
    CHECK(mode_of(pair.key_file) == 0600);
    CHECK(mode_of(pair.certificate_file) == 0644);
}

TEST_CASE("what a broken attempt left behind is in nobody's way", "[net][self_signed]") {
    const test::temporary_directory directory;
    const net::key_pair pair{directory / "host.crt", directory / "host.key"};
    test::write_file(pair.key_file + ".new", "half a key");
    test::write_file(directory / "victim", "precious");
    std::filesystem::create_symlink(directory / "victim", pair.certificate_file + ".new");
    CHECK(net::ensure_self_signed(pair, "mx.example.org"));
    CHECK(usable(pair));
    CHECK(test::read_file(directory / "victim") == "precious");
    CHECK_FALSE(std::filesystem::exists(pair.key_file + ".new"));
}

TEST_CASE("a place where no file can be made is named", "[net][self_signed]") {
    const test::temporary_directory directory;
    const net::key_pair pair{directory / "missing/host.crt", directory / "missing/host.key"};
    CHECK_THROWS_WITH(net::ensure_self_signed(pair, "mx.example.org"), Contains(directory / "missing"));
}

TEST_CASE("a host's name may be longer than a common name", "[net][self_signed]") {
    const test::temporary_directory directory;
    const net::key_pair pair{directory / "host.crt", directory / "host.key"};
    CHECK(net::ensure_self_signed(pair, std::string(60, 'a') + "." + std::string(60, 'b') + ".example.org"));
    CHECK(usable(pair));
}
