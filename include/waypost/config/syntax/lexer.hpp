// From bytes to tokens: the lexis of smtpd.conf and nothing of its grammar.
//
//   - a directive ends at the end of the line, unless `\` is its last character (in a comment too)
//   - `#` begins a comment
//   - a string is bare, or in ' or "; in quotes a backslash takes its meaning from the quote, a blank and the end of
//   the
//     line, and stays a backslash before all else (regular expressions need it)
//   - a bare string ends before a blank and any of ( ) { } < > ! = # ,  so `$` is a macro only at its beginning:
//     gilles:$6$salt$hash is one word
//
// Whatever cannot be a token is reported once, becomes `broken`, and the rest of its line is passed over.
#pragma once

#include <string_view>
#include <vector>

#include "waypost/config/syntax/diagnostic.hpp"
#include "waypost/config/syntax/token.hpp"

namespace waypost::config {

/// A string longer than this is no string of a configuration, but a quote or a newline that was forgotten.
inline constexpr std::size_t longest_string = 16U << 10;

/// The tokens of a text, ending in `end`. Positions count on from `start`.
[[nodiscard]] std::vector<token> lex(std::string_view text, const position& start, fault_list& faults);

/// The tokens of a macro's value: all of them stand where the macro is used, and there are no comments.
[[nodiscard]] std::vector<token> lex_macro(std::string_view value, const position& used_at, fault_list& faults);

/// Whether a text may stand in a configuration without quotes (keywords apart).
[[nodiscard]] bool can_be_bare(std::string_view text) noexcept;

}  // namespace waypost::config
