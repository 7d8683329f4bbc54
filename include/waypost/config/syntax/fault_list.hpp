// Where faults are collected while a configuration is read. A file that is no configuration at all has a fault a line,
// so beyond a limit they are counted and not kept.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "waypost/config/syntax/diagnostic.hpp"

namespace waypost::config {

class fault_list {
public:
    static constexpr std::size_t most = 50;

    void fault(location location, std::string text, std::string hint = {}) {
        add({std::move(location), std::move(text), std::move(hint), false});
    }
    void warn(location location, std::string text, std::string hint = {}) {
        add({std::move(location), std::move(text), std::move(hint), true});
    }
    void add(diagnostic diagnostic) {
        any_fault_ = any_fault_ || !diagnostic.warning;
        if (diagnostics_.size() < most) {
            diagnostics_.push_back(std::move(diagnostic));
        } else if (!full_) {
            full_ = true;
            // Never as a warning: the ones that are not shown may be faults.
            diagnostics_.push_back(
                {std::move(diagnostic.location), "too many faults", "the rest of them is not shown", !any_fault_});
        }
    }
    [[nodiscard]] bool full() const noexcept { return full_; }
    [[nodiscard]] bool any_fault() const noexcept { return any_fault_; }
    [[nodiscard]] std::vector<diagnostic> take() && { return std::move(diagnostics_); }

private:
    std::vector<diagnostic> diagnostics_;
    bool any_fault_ = false;
    bool full_ = false;
};

}  // namespace waypost::config
