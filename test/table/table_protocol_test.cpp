#include "table_protocol.hpp"

#include <catch2/catch.hpp>

using namespace waypost::table;
using namespace waypost::table::protocol;

namespace {

std::string said(std::string_view line) {
    const event one = parse(line);
    if (std::holds_alternative<ready>(one)) return "ready";
    if (const auto* of = std::get_if<registered>(&one)) return of->kind ? std::string(name_of(*of->kind)) : "unknown";
    if (const auto* of = std::get_if<answer>(&one)) {
        if (of->row.has_error()) return of->id + " error " + of->complaint;
        return of->id + (of->row->has_value() ? " found " + **of->row : " none");
    }
    return "nonsense";
}

}  // namespace

TEST_CASE("questions to a table program have the form of version 0.1", "[table][table_protocol]") {
    const waypost::async::wall_time when{std::chrono::microseconds(1'713'800'000'000'042)};
    const auto line = [&](question question) { return line_of("aliases", when, question).value_or("cannot be asked"); };
    CHECK(line({"lookup", service::alias, "1f", "a|b"}) == "table|0.1|1713800000.000042|aliases|lookup|alias|1f|a|b\n");
    CHECK(line({"check", service::domain, "1", ""}) == "table|0.1|1713800000.000042|aliases|check|domain|1|\n");
    CHECK(line({"fetch", service::source, "2", ""}) == "table|0.1|1713800000.000042|aliases|fetch|source|2\n");
    CHECK(line({"update", std::nullopt, "3", ""}) == "table|0.1|1713800000.000042|aliases|update|3\n");
    for (const std::string& key :
         {std::string("a\nb"), std::string("a\r"), std::string("a\0b", 3), std::string(64 << 10, 'x')}) {
        CHECK(line({"lookup", service::alias, "1", key}) == "cannot be asked");
    }
    CHECK(greeting("t").ends_with("\nconfig|protocol|0.1\nconfig|tablename|t\nconfig|ready\n"));
}

TEST_CASE("answers of a table program are understood", "[table][table_protocol]") {
    CHECK(said("register|alias") == "alias");
    CHECK(said("register|auth") == "unknown");
    CHECK(said("register|ready") == "ready");
    CHECK(said("lookup-result|1f|found|a|b: c") == "1f found a|b: c");
    CHECK(said("lookup-result|1f|not-found") == "1f none");
    CHECK(said("check-result|1|found") == "1 found ");
    CHECK(said("fetch-result|1|found|192.0.2.1") == "1 found 192.0.2.1");
    CHECK(said("update-result|1|ok") == "1 found ");
    CHECK(said("update-result|1|error|why") == "1 error why");
    CHECK(said("lookup-result|1|error|database down") == "1 error database down");
    CHECK(said("lookup-result|1|error") == "1 error ");
}

TEST_CASE("what is no answer is nonsense", "[table][table_protocol]") {
    for (const std::string& line :
         {std::string(), std::string("lookup-result"), std::string("lookup-result|"),
          std::string("lookup-result||found"), std::string("lookup-result|1"), std::string("lookup-result|1|perhaps"),
          std::string("lookup-result|1|ok"), std::string("update-result|1|found"), std::string("config|ready"),
          std::string("lookup-result|1|found|a\rb"), std::string("lookup-result|1|found|a\0b", 25)}) {
        CHECK(said(line) == "nonsense");
    }
}
