// What backends need of the program around them, and what they find wrong with their files.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "waypost/async/clock.hpp"
#include "waypost/async/offload.hpp"

namespace waypost::table {

/// Outlives every table that it was given to.
struct dependencies {
    async::thread_pool& io;
    async::clock& clock;
    /// Tells an administrator why a table cannot be asked. Called on the loop's thread only; may be set after the
    /// tables are made.
    std::function<void(std::string_view table, std::string_view text)> warn;
};

/// Why a table cannot be made, or what will keep it from answering.
struct fault {
    std::string file;      // empty: where the table is defined
    std::size_t line = 0;  // 0: the file as a whole
    std::string text;
    std::string hint;      // may be empty
    bool warning = false;  // it works all the same, or may later
};

}  // namespace waypost::table
