#include "waypost/table/table.hpp"

#include <catch2/catch.hpp>

#include "backend_house.hpp"

using namespace waypost::table;

namespace {

/// A backend that can only fetch.
class fetching_table final : public table {
public:
    explicit fetching_table(std::vector<std::string> names) : names_(std::move(names)) {}
    const std::string& name() const noexcept override { return name_; }
    waypost::async::awaitable<waypost::base::result<std::optional<std::string>>> lookup(service, std::string) override {
        co_return std::nullopt;
    }
    waypost::async::awaitable<waypost::base::result<std::optional<std::string>>> lookup_pattern(
        service, pattern_match) override {
        co_return std::nullopt;
    }
    waypost::async::awaitable<waypost::base::result<std::optional<std::string>>> fetch(service) override {
        if (fetched++ >= good_for) co_return errc::unavailable;
        if (names_.empty()) co_return std::nullopt;
        co_return names_[turn_++ % names_.size()];
    }
    std::size_t fetched = 0;
    std::size_t good_for = 1000;

private:
    std::vector<std::string> names_;
    std::size_t turn_ = 0;
    std::string name_ = "fetching";
};

}  // namespace

TEST_CASE("what can only be fetched is listed by going round, and stays where it was", "[table][table]") {
    backend_house of;
    fetching_table rows({"a", "b", "b", "c"});
    CHECK(of.listed(rows) == "a b b c");
    CHECK(of.listed(rows) == "a b b c");
    CHECK(of.fetched(rows) == "a");
    CHECK(of.fetched(rows) == "b");
}

TEST_CASE("what can only be fetched is listed no further than asked for", "[table][table]") {
    backend_house of;
    fetching_table rows({"a", "b", "c"});
    CHECK(of.listed(rows, service::source, 2) == "a b");
    CHECK(rows.fetched == 2);
}

TEST_CASE("what can only be fetched and never ends is listed for 64 entries", "[table][table]") {
    backend_house of;
    std::vector<std::string> many;
    for (int i = 0; i < 500; ++i) many.push_back(std::to_string(i));
    fetching_table rows(std::move(many));
    CHECK(of.listed(rows, service::source, 1000).ends_with(" 63"));
    CHECK(rows.fetched == 64);
}

TEST_CASE("a list that breaks off cannot be had", "[table][table]") {
    backend_house of;
    fetching_table rows({"a", "b", "c"});
    rows.good_for = GENERATE(0U, 2U, 5U);
    CHECK(of.listed(rows) == "cannot ask");
}

TEST_CASE("an empty table lists nothing", "[table][table]") {
    backend_house of;
    fetching_table rows({});
    CHECK(of.listed(rows).empty());
}
