// What a table program's command line is, and where the programs are.
#include <unistd.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "proc_table.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/table/backends.hpp"

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

/// The words of a command line: between blanks, in '' or in "". No shell ever sees it. Nothing if a quote has no end.
std::vector<std::string> split_command(std::string_view line) {
    std::vector<std::string> words;
    std::optional<std::string> word;
    char quote = 0;
    for (const char c : line) {
        if (quote != 0 ? c == quote : c == '\'' || c == '"') {
            quote = quote != 0 ? 0 : c;
            if (!word) word.emplace();
        } else if (quote == 0 && base::is_blank(c)) {
            if (word) words.push_back(std::move(*word));
            word.reset();
        } else {
            if (!word) word.emplace();
            word->push_back(c);
        }
    }
    if (quote != 0) return {};
    if (word) words.push_back(std::move(*word));
    return words;
}

}  // namespace

std::variant<std::vector<std::string>, std::string> parse_command(const std::string& line) {
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
