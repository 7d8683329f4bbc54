#include "waypost/table/backends.hpp"

#include <algorithm>

#include "cached_table.hpp"
#include "file_table.hpp"
#include "passwd_table.hpp"
#include "proc_table.hpp"
#include "sqlite_table.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/table/getpwnam_table.hpp"

namespace waypost::table {

namespace {

fault fault_in(const std::string& name, const std::string& path, file_fault wrong) {
    if (wrong.line != 0) return {path, wrong.line, std::move(wrong.text), {}, false};
    return {
        {},
        0,
        "cannot read table \"" + base::printable(name, 64) + "\" from \"" + base::printable(path) + "\": " + wrong.text,
        {},
        false};
}

opened refused(fault fault) {
    opened answer;
    answer.faults.push_back(std::move(fault));
    return answer;
}

opened open_file(std::string name, const std::string& path, dependencies& context) {
    auto file = file_table::open(name, path, context);
    if (auto* wrong = std::get_if<file_fault>(&file)) return refused(fault_in(name, path, std::move(*wrong)));
    auto& made = std::get<std::unique_ptr<file_table>>(file);
    entries rows = made->all();
    return {std::move(made), std::move(rows), {}};
}

opened open_passwd(std::string name, const std::string& path, dependencies& context) {
    auto file = passwd_table::open(name, path, context);
    if (auto* wrong = std::get_if<file_fault>(&file)) return refused(fault_in(name, path, std::move(*wrong)));
    return {std::move(std::get<std::unique_ptr<passwd_table>>(file)), std::nullopt, {}};
}

opened open_sqlite(std::string name, const std::string& path, dependencies& context) {
    auto made = sqlite_table::open(std::move(name), path, context);
    return {std::move(made.table), std::nullopt, std::move(made.faults)};
}

opened open_program(std::string name, const origin& origin, dependencies& context) {
    // The program is told the name in a field of its lines.
    if (name.find('|') != std::string::npos || std::ranges::any_of(name, base::is_control)) {
        return refused({{}, 0, "a table behind a program may have no | in its name", "give it another name", false});
    }
    auto command = origin.backend == "proc" ? parse_command(origin.argument)
                                            : proc_table::find_program(origin.backend, origin.argument);
    if (auto* wrong = std::get_if<std::string>(&command)) {
        return refused({{}, 0, std::move(*wrong), "write proc:/path/to/program and its arguments", false});
    }
    auto rows = std::make_unique<proc_table>(std::move(name), std::get<0>(std::move(command)), context, origin.user);
    return {std::make_unique<cached_table>(std::move(rows), context.clock), std::nullopt, {}};
}

}  // namespace

opened open_table(std::string name, const origin& origin, dependencies& context) {
    if (origin.backend == "file") return open_file(std::move(name), origin.argument, context);
    if (origin.backend == "passwd") return open_passwd(std::move(name), origin.argument, context);
    if (origin.backend == "sqlite") return open_sqlite(std::move(name), origin.argument, context);
    if (origin.backend == "getpwnam") {
        return {std::make_unique<getpwnam_table>(context.io, std::move(name)), std::nullopt, {}};
    }
    return open_program(std::move(name), origin, context);
}

}  // namespace waypost::table
