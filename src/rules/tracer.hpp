// Tells a trace what becomes of branches, where there is somebody who listens; else nothing is even put into words.
#pragma once

#include <string>
#include <string_view>

#include "pending_node.hpp"
#include "waypost/base/result.hpp"
#include "waypost/rules/expansion.hpp"

namespace waypost::rules {

class tracer {
public:
    explicit tracer(expansion_trace* trace) : trace_(trace) {}

    /// The step of what stands as `text` under that of `parent`.
    [[nodiscard]] std::size_t add(const pending_node& parent, std::string_view text) {
        return trace_ == nullptr ? 0 : trace_->add(parent.step, text);
    }
    void became(const pending_node& pending_node, std::string_view text) {
        if (trace_ != nullptr) trace_->became(pending_node.step, text);
    }
    /// Where the conditions of rules are written down; null: nowhere.
    [[nodiscard]] match_trace* conditions() const { return trace_ == nullptr ? nullptr : &trace_->conditions(); }
    /// Also a rule that rejects, and none.
    void answered(const pending_node& pending_node, const rule* rule);
    void matched(const pending_node& pending_node);
    void ends(const pending_node& pending_node, const resolved_recipient& resolved_recipient, char tag_delimiter);
    void failed(const pending_node& pending_node, const mail::status& reason, const base::error_code& detail);

private:
    expansion_trace* trace_;
};

}  // namespace waypost::rules
