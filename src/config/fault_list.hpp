// Where faults are collected while a configuration is read. A file that is no configuration at all has a fault a line,
// so beyond a limit they are counted and not kept.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "waypost/config/diagnostic.hpp"

namespace waypost::config {

class fault_list {
public:
    static constexpr std::size_t most = 50;

    void fault(location where, std::string what, std::string instead = {}) {
        add({std::move(where), std::move(what), std::move(instead), false});
    }
    void warn(location where, std::string what, std::string instead = {}) {
        add({std::move(where), std::move(what), std::move(instead), true});
    }
    void add(diagnostic one) {
        any_fault_ = any_fault_ || !one.warning;
        if (all_.size() < most) {
            all_.push_back(std::move(one));
        } else if (!full_) {
            full_ = true;
            // Never as a warning: the ones that are not shown may be faults.
            all_.push_back({std::move(one.where), "too many faults", "the rest of them is not shown", !any_fault_});
        }
    }
    [[nodiscard]] bool full() const noexcept { return full_; }
    [[nodiscard]] bool any_fault() const noexcept { return any_fault_; }
    [[nodiscard]] std::vector<diagnostic> take() && { return std::move(all_); }

private:
    std::vector<diagnostic> all_;
    bool any_fault_ = false;
    bool full_ = false;
};

}  // namespace waypost::config
