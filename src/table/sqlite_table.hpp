// A table behind queries of the administrator's own in a SQLite database: `table NAME sqlite:/etc/mail/sqlite.conf`.
//
// Lookups run on worker threads, over a few read-only connections. Those that come while the connections are at work
// wait and are answered together, of one snapshot taken after the last of them came: so nobody is told what was true
// before he asked, and the price of a lock is shared (bench/micro/table_lookup).
//
// The database changing underneath is seen at once, a file put in its place too. What cannot be asked (locked, gone,
// damaged, a query that takes too long, a service without a query) is a temporary failure, and the reason is logged
// once.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "waypost/table/complaints.hpp"
#include "waypost/table/dependencies.hpp"
#include "waypost/table/entries.hpp"
#include "waypost/table/table.hpp"

namespace waypost::table {

class sqlite_connection;
struct sqlite_settings;

class sqlite_table final : public table {
public:
    struct opened {
        std::unique_ptr<table> table;  // null if there is a fault
        std::vector<fault> faults;
    };
    /// Reads the configuration file and checks its queries against the database. Blocks.
    [[nodiscard]] static opened open(std::string name, const std::string& file, dependencies& context);
    ~sqlite_table() override;

    [[nodiscard]] const std::string& name() const noexcept override { return name_; }
    [[nodiscard]] bool holds_patterns() const noexcept override { return false; }
    async::awaitable<base::result<std::optional<std::string>>> lookup(service kind, std::string key) override;
    async::awaitable<base::result<std::optional<found>>> lookup_first(service kind,
                                                                      std::vector<std::string> keys) override;
    async::awaitable<base::result<std::optional<std::string>>> lookup_pattern(service kind,
                                                                              pattern_match matches) override;
    async::awaitable<base::result<std::optional<std::string>>> fetch(service kind) override;
    async::awaitable<base::result<std::vector<std::string>>> list(service kind, std::size_t up_to) override;
    async::awaitable<base::result<>> reload() override;
    void complain(std::string_view row, std::string_view reason) override {
        complaints_.tell(*context_, name_, row, reason);
    }

private:
    struct question;
    struct batch;
    struct place;
    /// What a fetch gives in turn.
    struct turns {
        std::vector<std::string> values;
        rotation turn;
        std::size_t calls_left = 0;
        async::time_point good_until;
    };

    sqlite_table(std::string name, std::shared_ptr<const sqlite_settings> settings, dependencies& context);
    async::awaitable<base::result<turns*>> use_of_turns(service kind);
    async::awaitable<> answer(std::shared_ptr<question> mine);
    async::awaitable<> work();
    void wake_one();
    void say(const std::string& trouble);
    void say_missing(const std::string& query);

    std::string name_;
    std::shared_ptr<const sqlite_settings> settings_;
    dependencies* context_;
    std::deque<std::shared_ptr<question>> waiting_;
    std::vector<std::unique_ptr<sqlite_connection>> idle_;  // null: not open yet
    std::map<service, turns> fetched_;
    complaints complaints_;
    std::string reply_;              // the trouble that was logged last
    std::set<std::string> missing_;  // queries that were asked for, and logged
};

}  // namespace waypost::table
