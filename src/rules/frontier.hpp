// The growing edge of an expansion: the branches that are still to be followed, those that were, and what has come of
// it so far. Pure; who follows them asks the tables and the files.
//
// Branches are handed out level by level, each once. Depth and number of nodes are bounded here, whatever the tables
// and files say.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "branch.hpp"
#include "narrator.hpp"
#include "node.hpp"
#include "verdict.hpp"

namespace waypost::rules {

class frontier {
public:
    /// A limit of 1000 nodes is for one recipient; a list larger than that wants a list manager.
    static constexpr std::size_t max_nodes = 1000;
    static constexpr unsigned max_depth = 10;  // OpenSMTPD's EXPAND_DEPTH

    frontier(branch trunk, char tag_delimiter, expansion_trace* trace);

    /// Nothing when there is none, or nothing that could change the verdict.
    [[nodiscard]] std::optional<branch> next();
    [[nodiscard]] resolution take() { return verdict_.take(); }

    /// What became of a branch: nodes that `author` wrote, an end, or a failure.
    void forks(const branch& parent, node_texts texts, const author& author);
    void ends(const branch& parent, destination destination);
    void fails(const branch& parent, const mail::status& reason, const base::error_code& detail = {});

    [[nodiscard]] narrator& told() noexcept { return narrator_; }

private:
    void grow(const branch& parent, branch next, std::string_view text);
    void take(const branch& parent, branch next, user_node& user);
    void take(const branch& parent, branch next, address_node& address);
    void take(const branch& parent, branch next, list_node& list);
    void take(const branch& parent, branch next, target_node& node);
    void take(const branch& parent, branch next, error_node& error);
    void take(const branch& parent, branch next, unreadable_node& node);
    void add(branch next);

    char tag_delimiter_;
    narrator narrator_;
    verdict verdict_;
    std::deque<branch> todo_;
    std::set<std::pair<const rule*, std::string>> visited_;
    std::size_t nodes_ = 0;
};

}  // namespace waypost::rules
