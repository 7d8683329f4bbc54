// A file of passwd(5)'s form as a table, `table NAME passwd:/path`: user:hash:uid:gid:gecos:home:shell. It holds
// userinfo and credentials, and no other service can be asked. Of equal names the first one counts, as in the system's
// own. Read again when it changes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "watched_file.hpp"
#include "waypost/table/complaints.hpp"
#include "waypost/table/table.hpp"

namespace waypost::table {

struct passwd_user {
    std::string info;   // uid:gid:home
    std::string login;  // user:hash; empty: nobody can log in by it
};
using passwd_users = std::unordered_map<std::string, passwd_user>;  // by the name in lower case
[[nodiscard]] std::variant<passwd_users, file_fault> parse_passwd(std::string_view text);

class passwd_table final : public table {
public:
    /// Blocks.
    [[nodiscard]] static std::variant<std::unique_ptr<passwd_table>, file_fault> open(std::string name,
                                                                                      std::string path,
                                                                                      dependencies& context);

    [[nodiscard]] const std::string& name() const noexcept override { return name_; }
    async::awaitable<base::result<std::optional<std::string>>> lookup(service kind, std::string key) override;
    async::awaitable<base::result<std::optional<std::string>>> lookup_pattern(service kind,
                                                                              pattern_match matches) override;
    async::awaitable<base::result<std::optional<std::string>>> fetch(service kind) override;
    async::awaitable<base::result<>> reload() override;
    void complain(std::string_view row, std::string_view reason) override {
        complaints_.tell(*context_, name_, row, reason);
    }

private:
    passwd_table(std::string name, watched_file<passwd_users> file, dependencies& context)
        : name_(std::move(name)), file_(std::move(file)), context_(&context) {}
    async::awaitable<base::result<>> look(bool in_any_case);

    std::string name_;
    watched_file<passwd_users> file_;
    dependencies* context_;
    complaints complaints_;
};

}  // namespace waypost::table
