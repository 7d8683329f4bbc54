// Credentials whose values may name their secrets (secret_reference.hpp): a table around a table of the configuration's
// or a text file. The secret is read at each lookup, so one that was changed is used by the next connection; one that
// cannot be had is a temporary failure. Rows of databases and programs are never references: who may write there is not
// to read the files of this machine.
#pragma once

#include <memory>
#include <string>

#include "waypost/table/complaints.hpp"
#include "waypost/table/dependencies.hpp"
#include "waypost/table/secret_reference.hpp"
#include "waypost/table/table.hpp"

namespace waypost::table {

class secret_table final : public table {
public:
    secret_table(std::unique_ptr<table> rows, environment env, dependencies& context)
        : rows_(std::move(rows)), env_(std::move(env)), context_(&context) {}

    [[nodiscard]] const std::string& name() const noexcept override { return rows_->name(); }
    [[nodiscard]] bool holds_patterns() const noexcept override { return rows_->holds_patterns(); }
    async::awaitable<base::result<std::optional<std::string>>> lookup(service kind, std::string key) override;
    async::awaitable<base::result<std::optional<std::string>>> lookup_pattern(service kind,
                                                                              pattern_match matches) override;
    async::awaitable<base::result<std::optional<std::string>>> fetch(service kind) override;
    async::awaitable<base::result<std::vector<std::string>>> list(service kind, std::size_t up_to) override;
    async::awaitable<base::result<>> reload() override;
    void judge_by(row_judge judge) override { rows_->judge_by(judge); }
    void complain(std::string_view row, std::string_view reason) override {
        complaints_.tell(*context_, name(), row, reason);
    }

private:
    std::unique_ptr<table> rows_;
    environment env_;
    dependencies* context_;
    complaints complaints_;
};

}  // namespace waypost::table
