// Users who had no ~/.forward when somebody looked, as most have none. It is believed for a second, so that a burst of
// mail for one of them does not look for each. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "waypost/async/clock.hpp"
#include "waypost/table/services.hpp"

namespace waypost::delivery {

class negative_forward_cache {
public:
    static constexpr std::chrono::seconds believed{1};
    static constexpr std::size_t most = 4096;

    [[nodiscard]] bool has(const table::userinfo::value& user, async::time_point now) const {
        const auto found = absent_since_.find({user.uid, user.home});
        return found != absent_since_.end() && now < found->second + believed;
    }
    void add(const table::userinfo::value& user, async::time_point now) {
        if (absent_since_.size() >= most)
            std::erase_if(absent_since_, [&](const auto& entry) { return now >= entry.second + believed; });
        if (absent_since_.size() < most) absent_since_[{user.uid, user.home}] = now;
    }

private:
    std::map<std::pair<unsigned, std::string>, async::time_point> absent_since_;
};

}  // namespace waypost::delivery
