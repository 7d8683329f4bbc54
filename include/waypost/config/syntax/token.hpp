// A word of the configuration, and where it stands.
#pragma once

#include <memory>
#include <string>

#include "waypost/config/syntax/diagnostic.hpp"

namespace waypost::config {

/// A place in a text; as small as a token needs it, where location is as handy as a reader needs it.
struct position {
    std::shared_ptr<const std::string> file;
    std::size_t line = 1;
    std::size_t column = 1;

    [[nodiscard]] location where() const { return {file ? *file : std::string(), line, column}; }
};

struct token {
    enum class kind {
        word,    // bare: may be a keyword
        quoted,  // never a keyword
        mark,    // { } ( ) < > ! , =     (`=>` is `=`)
        macro,   // $name
        broken,  // something that the lexer has reported already
        newline,
        end
    };
    kind is = kind::end;
    std::string text;
    config::position position;

    [[nodiscard]] bool is_word(std::string_view word) const noexcept { return is == kind::word && text == word; }
    [[nodiscard]] bool is_mark(char mark) const noexcept { return is == kind::mark && text.front() == mark; }
    [[nodiscard]] bool is_text() const noexcept { return is == kind::word || is == kind::quoted; }
    [[nodiscard]] bool ends_line() const noexcept { return is == kind::newline || is == kind::end; }
};

}  // namespace waypost::config
