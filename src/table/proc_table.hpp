// A table behind a program that speaks the text protocol of smtpd-tables(7), version 0.1: the programs of OpenSMTPD 7.6
// and later run as they are. `table NAME "proc:/path arguments"`, or `table NAME ldap:/path` for the program
// table-ldap.
//
// The program is started by the first question and again, with a growing pause, by one after its death. Questions are
// pipelined and have a time limit. Its death, its silence and its lies cost temporary failures and nothing else; who is
// silent for the whole of the limit is ended.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "waypost/async/backoff.hpp"
#include "waypost/async/semaphore.hpp"
#include "waypost/process/spawn.hpp"
#include "waypost/table/complaints.hpp"
#include "waypost/table/dependencies.hpp"
#include "waypost/table/table.hpp"

namespace waypost::table {

class table_program;

class proc_table final : public table {
public:
    /// The command line for `NAME:/path`: the program table-NAME where OpenSMTPD's packages install it.
    [[nodiscard]] static std::variant<std::vector<std::string>, std::string> find_program(const std::string& backend,
                                                                                          const std::string& path);

    /// As `user`, which only root can; without one as whom we are.
    proc_table(std::string name, std::vector<std::string> command, dependencies& context,
               std::optional<process::user_identity> user = std::nullopt);
    ~proc_table() override;

    [[nodiscard]] const std::string& name() const noexcept override { return name_; }
    [[nodiscard]] bool holds_patterns() const noexcept override { return false; }
    async::awaitable<base::result<std::optional<std::string>>> lookup(service kind, std::string key) override;
    async::awaitable<base::result<std::optional<found>>> lookup_first(service kind,
                                                                      std::vector<std::string> keys) override;
    async::awaitable<base::result<std::optional<std::string>>> lookup_pattern(service kind,
                                                                              pattern_match matches) override;
    async::awaitable<base::result<std::optional<std::string>>> fetch(service kind) override;
    async::awaitable<base::result<>> reload() override;
    void complain(std::string_view row, std::string_view reason) override {
        complaints_.tell(*context_, name_, row, reason);
    }

private:
    struct request {
        std::string_view verb;
        std::optional<service> service;
        std::string key;
    };
    using row = base::result<std::optional<std::string>>;

    async::awaitable<std::vector<row>> ask(std::vector<request> requests);
    async::awaitable<std::shared_ptr<table_program>> running(async::time_point deadline);
    async::awaitable<> start();
    async::awaitable<> wait(std::shared_ptr<table_program> program, std::function<bool()> until,
                            async::time_point deadline);
    [[nodiscard]] bool is_over(async::time_point deadline) const { return context_->clock.now() >= deadline; }
    void bury();
    void say(const std::string& text);

    std::string name_;
    std::vector<std::string> command_;
    std::optional<process::user_identity> user_;
    dependencies* context_;
    std::shared_ptr<table_program> program_;
    async::semaphore starting_{1};
    async::time_point born_;
    async::backoff pause_;
    std::uint64_t next_id_ = 1;
    complaints complaints_;
    std::string reply_;
    std::set<service> missing_;  // services that were asked for, and logged
};

}  // namespace waypost::table
