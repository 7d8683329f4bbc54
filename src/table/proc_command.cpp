// What a table program's command line is, and where the programs are.
#include <unistd.h>

#include <array>
#include <filesystem>
#include <system_error>

#include "child_process.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/table/proc_table.hpp"

namespace waypost::table {

namespace {

// OpenSMTPD's own place, Debian's, Fedora's and others'.
constexpr std::array<std::string_view, 5> program_directories = {"/usr/local/libexec/smtpd", "/usr/libexec/opensmtpd",
                                                                 "/usr/lib/opensmtpd", "/usr/libexec/smtpd",
                                                                 "/usr/lib/x86_64-linux-gnu/opensmtpd"};

bool is_program(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::variant<std::vector<std::string>, std::string> proc_table::parse_command(const std::string& line) {
    std::vector<std::string> words = split_command(line);
    if (words.empty()) return "a quote without an end in the command line";
    if (!is_program(words.front())) return "\"" + base::printable(words.front()) + "\" is no program that can be run";
    return words;
}

std::variant<std::vector<std::string>, std::string> proc_table::find_program(const std::string& backend,
                                                                             const std::string& path) {
    std::string tried;
    for (const std::string_view directory : program_directories) {
        std::string program = std::string(directory) + "/table-" + backend;
        if (is_program(program)) return std::vector<std::string>{std::move(program), path};
        tried += (tried.empty() ? "" : ", ") + std::string(directory);
    }
    return "there is no program table-" + backend + " in " + tried;
}

}  // namespace waypost::table
