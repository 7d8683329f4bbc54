// All backends by their names: what stands behind `table NAME` in a configuration becomes a table here, and only here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "waypost/process/spawn.hpp"
#include "waypost/table/dependencies.hpp"
#include "waypost/table/entries.hpp"
#include "waypost/table/table.hpp"

namespace waypost::table {

/// Where a table's rows are: the name of a backend, and what stands behind its colon: a path, a command line, or
/// nothing.
struct origin {
    std::string backend;
    std::string argument;
    std::optional<process::user_identity> user = {};  // of a program; none: as whom we are
};

struct opened {
    std::unique_ptr<table> table;  // null if there is a fault
    std::optional<entries> rows;   // of a text file: a copy, to be checked while the configuration is loaded
    std::vector<fault> faults;
};
/// Blocks. Where nothing more than a warning is wrong there is a table.
[[nodiscard]] opened open_table(std::string name, const origin& origin, dependencies& context);

/// The words of the command line of a table's program, its path first; or what is wrong with it.
[[nodiscard]] std::variant<std::vector<std::string>, std::string> parse_command(const std::string& line);

}  // namespace waypost::table
