// Text taken apart into words as a shell does it, as far as that can be done without being one.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "waypost/delivery/format.hpp"

namespace waypost::delivery {

struct shell_words {
    struct word {
        std::string text;          // without its quotes
        std::size_t position = 0;  // where it begins
    };
    std::vector<word> words;
    bool for_shell = false;  // something in it means more to a shell; `words` is of no use then
};

enum class specifiers : bool { none, some };

/// With specifiers "%{...}" is part of a word whatever is in it, and "~/" in front of a word is %{user.directory}/.
[[nodiscard]] std::variant<shell_words, format_fault> split_words(std::string_view text, specifiers specifiers);

/// Whether a program of this name, with or without a path, reads commands from an argument behind -c.
[[nodiscard]] bool is_shell(std::string_view program);

}  // namespace waypost::delivery
