// A text file as a table, `table NAME file:/path`: read when the configuration is loaded, and again when it changes.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "watched_file.hpp"
#include "waypost/table/complaints.hpp"
#include "waypost/table/entries.hpp"
#include "waypost/table/table.hpp"

namespace waypost::table {

class file_table final : public table {
public:
    /// Blocks.
    [[nodiscard]] static std::variant<std::unique_ptr<file_table>, file_fault> open(std::string name, std::string path,
                                                                                    dependencies& context);

    [[nodiscard]] const std::string& name() const noexcept override { return name_; }
    async::awaitable<base::result<std::optional<std::string>>> lookup(service kind, std::string key) override;
    async::awaitable<base::result<std::optional<found>>> lookup_first(service kind,
                                                                      std::vector<std::string> keys) override;
    async::awaitable<base::result<std::optional<std::string>>> lookup_pattern(service kind,
                                                                              pattern_match matches) override;
    async::awaitable<base::result<std::optional<std::string>>> fetch(service kind) override;
    async::awaitable<base::result<std::vector<std::string>>> list(service kind, std::size_t up_to) override;
    async::awaitable<base::result<>> reload() override;
    void judge_by(row_judge judge) override;
    void complain(std::string_view row, std::string_view reason) override {
        complaints_.tell(*context_, name_, row, reason);
    }
    [[nodiscard]] entries all() const { return file_.content().all(); }

private:
    file_table(std::string name, watched_file<indexed_entries> file, dependencies& context)
        : name_(std::move(name)), file_(std::move(file)), context_(&context) {}
    async::awaitable<base::result<>> look(bool in_any_case);

    std::string name_;
    watched_file<indexed_entries> file_;
    dependencies* context_;
    std::vector<row_judge> judges_;
    complaints complaints_;
    rotation turn_;
};

}  // namespace waypost::table
