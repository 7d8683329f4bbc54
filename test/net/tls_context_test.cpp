#include "waypost/net/tls_context.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>

#include "support/temporary_directory.hpp"

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

TEST_CASE("the end of a certificate is read from its file", "[net][tls_context]") {
    const fixture f;
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    const long long ten_years = 10LL * 365 * 86400;
    const long long end = net::certificate_expiry(f.pair.certificate_file);
    CHECK(end >= now + ten_years - 300);
    CHECK(end <= now + ten_years + 300);
}

TEST_CASE("the end of no certificate is an error that names the file", "[net][tls_context]") {
    const fixture f;
    CHECK_THROWS_WITH(net::certificate_expiry(f.directory / "missing"), Contains(f.directory / "missing"));
    CHECK_THROWS_WITH(net::certificate_expiry(f.pair.key_file), Contains(f.pair.key_file));
}
