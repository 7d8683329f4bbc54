// The example configurations are right, and stay so.
#include <catch2/catch.hpp>

#include "config/load/loads.hpp"
#include "test_data.hpp"

using namespace waypost;
using namespace waypost::config;

namespace {

std::string example(const std::string& name) {
    return (std::filesystem::path(WAYPOST_TEST_DATA).parent_path().parent_path() / "config" / name).string();
}

std::string complaints(const std::vector<diagnostic>& diagnostics) {
    std::string text;
    for (const diagnostic& one : diagnostics) text += (text.empty() ? "" : "\n") + one.text;
    return text;
}

}  // namespace

TEST_CASE("every example is understood, and prints as it reads back", "[config][examples]") {
    std::size_t examples = 0;
    for (const auto& file : std::filesystem::directory_iterator(example(""))) {
        if (file.path().extension() != ".conf" || file.path().filename() == "sqlite.conf") continue;  // a table's
        ++examples;
        INFO(file.path());
        const parsed read = parse_file(file.path().string());
        CHECK(complaints(read.faults).empty());
        const std::string once = print(read.model);
        CHECK(print(model_of(once)) == once);
    }
    CHECK(examples >= 5);
}

TEST_CASE("the examples that need no other files load", "[config][examples]") {
    for (const std::string name : {"try.conf", "relay.conf"}) {
        INFO(name);
        const load_result result = load(parse_file(example(name)).model, threads().io, false, root);
        CHECK(result.settings);
        CHECK(complaints(result.faults).empty());
    }
    for (const std::string name : {"2012.conf", "smtpd.conf"}) {
        INFO(name);
        const load_result result = load(parse_file(example(name)).model, threads().io, false, root);
        CHECK(result.settings);
        CHECK(complaints(result.faults) == "TLS without a pki: clients see a self-signed certificate");
    }
}

TEST_CASE("the example with files wants them and nothing else", "[config][examples]") {
    for (const diagnostic& one : load(parse_file(example("mx.conf")).model, threads().io, false, root).faults) {
        CHECK(one.text.find("No such file or directory") != std::string::npos);
    }
}

TEST_CASE("the example for trying out listens on the loopback only and keeps all mail for the user it is given",
          "[config][examples]") {
    const parsed read = parse_file(example("try.conf"),
                                   {{"user", "joe"}, {"queue", "\"/home/j/var/spool\""}, {"maildir", "/home/j/M"}});
    CHECK(read.model.actions.at(0).virtual_users->rows.rows.at(0).value == "joe");
    const load_result result = load(read.model, threads().io, false, root);
    REQUIRE(result.settings);
    for (const auto& one : result.settings->inbound.listeners) CHECK((!one.endpoint || one.endpoint->ip.is_loopback()));
    CHECK(result.settings->spool.directory == "/home/j/var/spool");
    CHECK(result.settings->delivery.actions.at("keep").maildir.value().text() == "/home/j/M");
}
