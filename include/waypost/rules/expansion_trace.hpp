// How an expansion went, told while it goes, for people who ask why. Where nobody does, there is none of these.
//
// Expansion goes level by level; what is read here is a tree, each step in front of those that came out of it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "waypost/rules/ruleset.hpp"

namespace waypost::rules {

class expansion_trace {
public:
    struct step {
        unsigned depth = 0;
        std::string text;    // the recipient, or a node as it is written
        std::string became;  // empty: not followed, because the whole had failed
    };
    [[nodiscard]] std::vector<step> steps() const;
    /// The rule of the recipient itself, also one that rejects; null where there is none, or it could not be told.
    [[nodiscard]] const rule* first_rule() const noexcept { return first_rule_; }
    /// Of the recipient itself, and of every address that was asked of the rules after it.
    [[nodiscard]] const match_trace& conditions() const noexcept { return conditions_; }

    // The expansion's side.
    static constexpr std::size_t root = 0;
    /// Answers what the new step is called; the first is `root`, and under itself.
    std::size_t add(std::size_t parent, std::string_view text);
    /// May be said more than once of a step.
    void became(std::size_t index, std::string_view words);
    /// To be called of the recipient itself.
    void matched(const rule* first) noexcept { first_rule_ = first; }
    [[nodiscard]] match_trace& conditions() noexcept { return conditions_; }

private:
    struct entry {
        expansion_trace::step step;
        std::vector<std::size_t> below;
    };
    std::vector<entry> entries_;
    match_trace conditions_;
    const rule* first_rule_ = nullptr;
};

}  // namespace waypost::rules
