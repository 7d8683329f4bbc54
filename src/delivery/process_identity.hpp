// As whom the daemon runs, and so as whom it can deliver. Found once, at start.
#pragma once

#include <optional>
#include <string>

#include "waypost/table/services.hpp"
#include "worker_protocol.hpp"

namespace waypost::delivery {

struct process_identity {
    unsigned uid = 0;
    unsigned gid = 0;
    /// Who acts where an alias names a file, a list or a command, which are no user's: ourselves; nobody for root.
    table::userinfo::value unprivileged_user;

    [[nodiscard]] bool is_root() const noexcept { return uid == 0; }
    /// The identity that is this user's; nothing where we may not take it.
    [[nodiscard]] std::optional<identity> identity_of(const table::userinfo::value& user) const;
};

/// Blocks.
[[nodiscard]] process_identity find_process_identity();

}  // namespace waypost::delivery
