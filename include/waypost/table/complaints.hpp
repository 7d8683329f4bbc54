// What an administrator was told of bad rows. Each is told once an hour, however often strangers ask for it, and so
// many of one table.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "waypost/async/clock.hpp"
#include "waypost/table/dependencies.hpp"

namespace waypost::table {

class complaints {
public:
    static constexpr std::size_t most = 50;
    static constexpr std::chrono::hours pause{1};

    /// "its row X cannot be used: ...", unless it was told lately.
    void tell(dependencies& context, std::string_view table, std::string_view row, std::string_view reason);
    /// The rows are others now.
    void forget() { last_told_.clear(); }

private:
    std::map<std::string, async::time_point> last_told_;
};

}  // namespace waypost::table
