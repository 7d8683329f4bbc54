// A command that takes mail: of `mda`, of a wrapper, of an alias or a .forward. A list of arguments, split once when it
// is read; no shell sees it unless its own text asks for one, and then no value of a mail is put into that text. Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "waypost/delivery/format.hpp"

namespace waypost::delivery {

class command {
public:
    /// Of the configuration: each argument is a format.
    [[nodiscard]] static std::variant<command, format_fault> parse(std::string_view text);
    /// Of an alias or a .forward: as it is, without specifiers.
    [[nodiscard]] static std::variant<command, format_fault> parse_plain(std::string_view text);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// The program and its arguments. Fails where a value is too long.
    [[nodiscard]] base::result<std::vector<std::string>> arguments(const format_values& values) const;

private:
    std::string text_;
    std::vector<format> arguments_;
};

}  // namespace waypost::delivery
