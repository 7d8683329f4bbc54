// As whom the program of a table runs. One that we start as root is not to be root itself: its answers decide about
// mail, and what it reads comes from elsewhere.
#pragma once

#include <optional>

#include "waypost/config/grammar/model.hpp"
#include "waypost/config/syntax/diagnostic.hpp"
#include "waypost/process/spawn.hpp"

namespace waypost::config {

/// The user that is written, else nobody. None, for as whom we are, where we are not root or the table is no program;
/// and, with a warning, where the system has no nobody or does not let us become another, and where no user is written
/// and nobody cannot run the program or read what it is given.
[[nodiscard]] std::optional<process::user_identity> program_user(const table_definition& table, fault_list& faults);

}  // namespace waypost::config
