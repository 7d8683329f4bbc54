// A fault in a configuration, as an administrator reads it: `FILE:LINE:COL: what is wrong; what to write instead`.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace waypost::config {

struct location {
    std::string file;
    std::size_t line = 0;    // from 1; 0: the file as a whole
    std::size_t column = 0;  // from 1
};

/// A text and where it stands.
struct located_string {
    std::string text;
    config::location location;
};

struct diagnostic {
    config::location location;
    std::string text;
    std::string hint;      // may be empty
    bool warning = false;  // it loads all the same
};

[[nodiscard]] std::string to_string(const diagnostic& fault);

}  // namespace waypost::config
