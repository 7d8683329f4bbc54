// The system's user database as a table: the userinfo service by getpwnam(3), asked off the loop. A row is
// "uid:gid:home".
#pragma once

#include "waypost/async/offload.hpp"
#include "waypost/table/table.hpp"

namespace waypost::table {

class getpwnam_table final : public table {
public:
    explicit getpwnam_table(async::thread_pool& io, std::string name = "getpwnam") : name_(std::move(name)), io_(&io) {}
    [[nodiscard]] const std::string& name() const noexcept override { return name_; }
    async::awaitable<base::result<std::optional<std::string>>> lookup(service kind, std::string key) override;
    async::awaitable<base::result<std::optional<std::string>>> lookup_pattern(service kind,
                                                                              pattern_match matches) override;
    async::awaitable<base::result<std::optional<std::string>>> fetch(service kind) override;

private:
    std::string name_;
    async::thread_pool* io_;
};

}  // namespace waypost::table
