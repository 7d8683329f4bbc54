// The nodes of an expansion: those still to be expanded, those that were, and what has come of it so far. Pure; the
// caller asks the tables and the files.
//
// Nodes are handed out level by level, each once. Depth and number of nodes are bounded here, whatever the tables
// and files say.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "node.hpp"
#include "pending_node.hpp"
#include "resolution_builder.hpp"
#include "tracer.hpp"

namespace waypost::rules {

class worklist {
public:
    /// A limit of 1000 nodes is for one recipient; a list larger than that wants a list manager.
    static constexpr std::size_t max_nodes = 1000;
    static constexpr unsigned max_depth = 10;  // OpenSMTPD's EXPAND_DEPTH

    worklist(pending_node root, char tag_delimiter, expansion_trace* trace);

    /// Nothing when there is none, or nothing that could change the verdict.
    [[nodiscard]] std::optional<pending_node> next();
    [[nodiscard]] resolution take() { return resolution_.take(); }

    /// What became of a branch: nodes that `author` wrote, an end, or a failure.
    void expand(const pending_node& parent, node_texts texts, const author& author);
    void ends(const pending_node& parent, resolved_recipient resolved_recipient);
    void fails(const pending_node& parent, const mail::status& reason, const base::error_code& detail = {});

    [[nodiscard]] tracer& trace() noexcept { return tracer_; }

private:
    void add_node(const pending_node& parent, pending_node next, std::string_view text);
    void take(const pending_node& parent, pending_node next, user_node& user);
    void take(const pending_node& parent, pending_node next, address_node& address);
    void take(const pending_node& parent, pending_node next, list_node& list);
    void take(const pending_node& parent, pending_node next, target_node& node);
    void take(const pending_node& parent, pending_node next, error_node& error);
    void take(const pending_node& parent, pending_node next, unreadable_node& node);
    void add(pending_node next);

    char tag_delimiter_;
    tracer tracer_;
    resolution_builder resolution_;
    std::deque<pending_node> todo_;
    std::set<std::pair<const rule*, std::string>> visited_;
    std::size_t nodes_ = 0;
};

}  // namespace waypost::rules
