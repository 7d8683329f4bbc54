// The tokens of a whole configuration: `include` is replaced by what it includes, `$name` by the macro's tokens, and
// `name = value` lines are gone. What is left are directives.
//
// A macro is expanded once: a `$` that its value brings along is a fault, not another expansion. The end is certain for
// every input: files have a largest size, includes a largest depth and number, and no file includes itself.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "waypost/config/syntax/diagnostic.hpp"
#include "waypost/config/syntax/token.hpp"

namespace waypost::config {

/// Macros given on the command line (-D name=value); they beat those of the file.
using macros = std::map<std::string, std::string, std::less<>>;

[[nodiscard]] std::vector<token> tokens_of_file(const std::string& path, const macros& macros, fault_list& faults);
[[nodiscard]] std::vector<token> tokens_of_text(const std::string& text, const std::string& file_name,
                                                const macros& macros, fault_list& faults);

}  // namespace waypost::config
