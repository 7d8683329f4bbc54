#include "waypost/net/tls_context.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/temporary_directory.hpp"
#include "waypost/net/certificates.hpp"

using namespace waypost;
using Catch::Matchers::Contains;

namespace {

struct fixture {
    test::temporary_directory directory;
    net::key_pair pair{directory / "host.crt", directory / "host.key"};
    fixture() { net::ensure_self_signed(pair, "mx.example.org"); }

    [[nodiscard]] std::string with(const std::string& name, const std::string& text) const {
        test::write_file(directory / name, text);
        return directory / name;
    }
};

}  // namespace

TEST_CASE("a key pair makes a server's context", "[net][tls_context]") {
    const fixture f;
    const auto made =
        net::tls_context::server({.identities = {f.pair}, .ca_file = {}, .demand_client_certificate = false});
    REQUIRE(made != nullptr);
    CHECK(made->check() == net::peer_check::none);
}

TEST_CASE("certificate and key may be in one file", "[net][tls_context]") {
    const fixture f;
    const std::string both =
        f.with("both.pem", test::read_file(f.pair.certificate_file) + test::read_file(f.pair.key_file));
    CHECK(net::tls_context::server({.identities = {{both, both}}, .ca_file = {}, .demand_client_certificate = false}) !=
          nullptr);
}

TEST_CASE("a server without any certificate does not start", "[net][tls_context]") {
    CHECK_THROWS_AS(net::tls_context::server({}), std::runtime_error);
}

TEST_CASE("a file that cannot be used is named", "[net][tls_context]") {
    const fixture f;
    const std::string missing = f.directory / "missing.pem";
    const std::string garbage =
        f.with("garbage.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    const std::string empty = f.with("empty.pem", "");
    const auto server = [](const std::string& certificate, const std::string& key) {
        return net::tls_context::server(
            {.identities = {{certificate, key}}, .ca_file = {}, .demand_client_certificate = false});
    };
    const auto client = [](const std::string& ca) {
        return net::tls_context::client({.check = net::peer_check::verified, .ca_file = ca, .identity = {}});
    };
    for (const std::string& bad : {missing, garbage, empty}) {
        CAPTURE(bad);
        CHECK_THROWS_WITH(server(bad, f.pair.key_file), Contains(bad));
        CHECK_THROWS_WITH(server(f.pair.certificate_file, bad), Contains(bad));
        CHECK_THROWS_WITH(client(bad), Contains(bad));
        CHECK_THROWS_WITH(
            net::tls_context::client({.check = net::peer_check::none, .ca_file = {}, .identity = {{bad, bad}}}),
            Contains(bad));
        CHECK_THROWS_WITH(
            net::tls_context::server({.identities = {f.pair}, .ca_file = bad, .demand_client_certificate = true}),
            Contains(bad));
        CHECK_THROWS_WITH(net::tls_context::server(
                              {.identities = {f.pair, {bad, bad}}, .ca_file = {}, .demand_client_certificate = false}),
                          Contains(bad));
    }
}

TEST_CASE("a key that belongs to another certificate is refused, and both are named", "[net][tls_context]") {
    const fixture f;
    const net::key_pair other{f.directory / "other.crt", f.directory / "other.key"};
    net::ensure_self_signed(other, "other.example");
    CHECK_THROWS_WITH(net::tls_context::server({.identities = {{f.pair.certificate_file, other.key_file}},
                                                .ca_file = {},
                                                .demand_client_certificate = false}),
                      Contains(other.key_file) && Contains(f.pair.certificate_file));
}

TEST_CASE("a fault of one file does not spoil the next one", "[net][tls_context]") {
    const fixture f;
    CHECK_THROWS(net::tls_context::server({.identities = {{f.directory / "missing", f.directory / "missing"}},
                                           .ca_file = {},
                                           .demand_client_certificate = false}));
    CHECK_NOTHROW(
        net::tls_context::server({.identities = {f.pair}, .ca_file = {}, .demand_client_certificate = false}));
    CHECK_NOTHROW(net::tls_context::client(
        {.check = net::peer_check::verified, .ca_file = f.pair.certificate_file, .identity = {}}));
}

TEST_CASE("a client knows whether it verifies", "[net][tls_context]") {
    CHECK(net::tls_context::client({.check = net::peer_check::verified, .ca_file = {}, .identity = {}})->check() ==
          net::peer_check::verified);
    CHECK(net::tls_context::client({.check = net::peer_check::none, .ca_file = {}, .identity = {}})->check() ==
          net::peer_check::none);
    CHECK(net::client_tls_settings().check == net::peer_check::verified);
}

// --- what is wrong with a pair that works

namespace {

using strings = std::vector<std::string>;

/// Made by openssl(1): what no function of ours makes.
void openssl(const std::string& arguments) {
    REQUIRE(std::system(("openssl " + arguments + " 2>/dev/null").c_str()) == 0);
}

}  // namespace

TEST_CASE("audit 34: a certificate that has expired, or is not valid yet, is told of with its date",
          "[net][certificates]") {
    const fixture f;
    const auto now = std::chrono::system_clock::now();
    CHECK(net::weaknesses(f.pair, now) == strings());
    const auto early = net::weaknesses(f.pair, now - std::chrono::hours(48));
    REQUIRE(early.size() == 1);
    CHECK_THAT(early[0], Contains(f.pair.certificate_file) && Contains("not valid before"));
    const auto late = net::weaknesses(f.pair, now + std::chrono::hours(24 * 365 * 11));
    REQUIRE(late.size() == 1);
    CHECK_THAT(late[0], Contains(f.pair.certificate_file) && Contains("expired at"));
}

TEST_CASE("audit 34: a key that everybody can read is told of", "[net][certificates]") {
    const fixture f;
    std::filesystem::permissions(f.pair.key_file, std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    const auto found = net::weaknesses(f.pair, std::chrono::system_clock::now());
    REQUIRE(found.size() == 1);
    CHECK_THAT(found[0], Contains(f.pair.key_file) && Contains("everybody"));
}

TEST_CASE("audit 34: whether a certificate is for a host is known from its file", "[net][certificates]") {
    const fixture f;
    CHECK(net::is_certificate_for(f.pair.certificate_file, "mx.example.org"));
    CHECK(net::is_certificate_for(f.pair.certificate_file, "MX.example.org"));
    CHECK_FALSE(net::is_certificate_for(f.pair.certificate_file, "example.org"));
    CHECK_THROWS_WITH(net::is_certificate_for(f.directory / "missing", "x"), Contains(f.directory / "missing"));
    CHECK_THROWS_WITH(net::weaknesses({f.pair.key_file, f.pair.key_file}, std::chrono::system_clock::now()),
                      Contains(f.pair.key_file));
}

TEST_CASE("audit 34: a key with a pass phrase is refused, and nobody is asked for it", "[net][tls_context]") {
    const fixture f;
    const std::string locked = f.directory / "locked.key";
    openssl("ec -in " + f.pair.key_file + " -aes128 -passout pass:secret -out " + locked);
    CHECK_THROWS_WITH(
        net::tls_context::server(
            {.identities = {{f.pair.certificate_file, locked}}, .ca_file = {}, .demand_client_certificate = false}),
        Contains(locked) && Contains("has a pass phrase"));
}
