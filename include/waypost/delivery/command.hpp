// A command that takes mail: of `mda`, of a wrapper, of an alias or a .forward. A list of arguments, split once when it
// is read as a shell would split it (blanks, '', "", \); then no shell sees it.
//
// A text that only a shell understands (pipes, redirections, $NAME, wildcards, exec ...) asks for one: it becomes the
// text of /bin/sh -c. No value of a mail is ever put into what a shell reads, here or behind a `sh -c` of the text's
// own: a specifier there is a fault that names the variable of the environment with the same value.
//
// Other programs read arguments as code too, and which do is not known here. So a value stands in a word that has no
// blanks, quotes or other marks of code around it (-f%{sender}, user@%{dest.domain}), has few octets that mean anything
// to a program (format.hpp), and a raw one is an argument of its own. A value that is the whole program text or the
// name of the script (`sed %{sender.user}`, `sh %{sender.user}`) still acts: as a word, or as a file of the directory
// that the command works in. Nothing here can tell that from data. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "waypost/delivery/format.hpp"

namespace waypost::delivery {

/// A command that is given the one that takes the mail as arguments: `mda wrapper`. "%{mda}", a word of its own, is
/// where they go.
class wrapper {
public:
    [[nodiscard]] static std::variant<wrapper, format_fault> parse(std::string_view text);

private:
    friend class command;
    std::string text_;
    std::vector<std::optional<format>> arguments_;  // none: those of the command
};

class command {
public:
    /// Of the configuration: each argument is a format.
    [[nodiscard]] static std::variant<command, format_fault> parse(std::string_view text);
    /// Of an alias or a .forward: as it is, without specifiers.
    [[nodiscard]] static std::variant<command, format_fault> parse_plain(std::string_view text);

    [[nodiscard]] command wrapped_in(const wrapper& outer) const;

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// The program (looked for in PATH if there is no '/' in it) and its arguments. Fails where a value is too long or
    /// too short.
    [[nodiscard]] base::result<std::vector<std::string>> arguments(const format_values& values) const;

private:
    std::string text_;
    std::vector<format> arguments_;  // at least the program
};

}  // namespace waypost::delivery
