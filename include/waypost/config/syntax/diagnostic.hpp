// A fault in a configuration, as an administrator reads it: `FILE:LINE:COL: what is wrong; what to write instead`.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
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

/// Collects faults while a configuration is read. A file that is no configuration at all has a fault a line, so beyond
/// a limit they are counted and not kept.
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
