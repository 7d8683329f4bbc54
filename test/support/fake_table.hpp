// A table of rows given by the test, which remembers what it was asked and can be made to fail.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "waypost/table/table.hpp"

namespace waypost::test {

class fake_table final : public table::table {
public:
    explicit fake_table(std::map<std::string, std::string> given = {}) : rows(std::move(given)) {}

    [[nodiscard]] const std::string& name() const noexcept override { return name_; }
    async::awaitable<base::result<std::optional<std::string>>> lookup(waypost::table::service kind,
                                                                      std::string key) override;
    async::awaitable<base::result<std::optional<std::string>>> lookup_pattern(
        waypost::table::service kind, waypost::table::pattern_match matches) override;
    async::awaitable<base::result<std::optional<std::string>>> fetch(waypost::table::service kind) override;
    async::awaitable<base::result<std::vector<std::string>>> list(waypost::table::service kind,
                                                                  std::size_t most) override;

    void complain(std::string_view row, std::string_view reason) override {
        complaints.emplace_back(std::string(row) + ": " + std::string(reason));
    }

    std::vector<std::string> complaints;
    std::map<std::string, std::string> rows;  // fetch() gives the values in the order of the keys
    bool unavailable = false;                 // every question is answered with errc::unavailable
    std::vector<std::pair<waypost::table::service, std::string>> asked;  // lookup()s, in order

private:
    std::string name_ = "fake";
    std::size_t next_ = 0;
};

}  // namespace waypost::test
