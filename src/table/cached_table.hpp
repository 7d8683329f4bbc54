// Remembers for a moment what a slow table answered: a table around another. Yes and no are remembered, "could not ask"
// never, and neither are credentials (a changed secret is used by the next connection) nor what is fetched in turn.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "waypost/async/clock.hpp"
#include "waypost/table/table.hpp"

namespace waypost::table {

class cached_table final : public table {
public:
    // So that the questions about the recipients of one message go out once, and nobody who changes a row notices.
    static constexpr std::chrono::seconds life{2};
    static constexpr std::size_t most = 4096;  // the one that is oldest goes
    static constexpr std::size_t longest_key = 4U << 10;  // of all keys of a question; longer ones are not remembered

    cached_table(std::unique_ptr<table> rows, async::clock& clock) : rows_(std::move(rows)), clock_(&clock) {}

    [[nodiscard]] const std::string& name() const noexcept override { return rows_->name(); }
    [[nodiscard]] bool holds_patterns() const noexcept override { return rows_->holds_patterns(); }
    async::awaitable<base::result<std::optional<std::string>>> lookup(service kind, std::string key) override;
    async::awaitable<base::result<std::optional<found>>> lookup_first(service kind,
                                                                      std::vector<std::string> keys) override;
    async::awaitable<base::result<std::optional<std::string>>> lookup_pattern(service kind,
                                                                              pattern_match matches) override;
    async::awaitable<base::result<std::optional<std::string>>> fetch(service kind) override;
    async::awaitable<base::result<std::vector<std::string>>> list(service kind, std::size_t up_to) override;
    async::awaitable<base::result<>> reload() override;
    void complain(std::string_view row, std::string_view reason) override { rows_->complain(row, reason); }

private:
    struct remembered {
        std::string question;
        std::optional<found> answer;
        async::time_point until;
    };
    void remember(std::string question, std::optional<found> answer);

    std::unique_ptr<table> rows_;
    async::clock* clock_;
    std::list<remembered> remembered_;  // the oldest in front
    std::unordered_map<std::string, std::list<remembered>::iterator> index_;
};

}  // namespace waypost::table
