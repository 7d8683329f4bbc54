// Tells a trace what becomes of branches, where there is somebody who listens; else nothing is even put into words.
#pragma once

#include <string>
#include <string_view>

#include "branch.hpp"
#include "waypost/base/result.hpp"
#include "waypost/rules/expansion.hpp"

namespace waypost::rules {

class narrator {
public:
    explicit narrator(expansion_trace* trace) : trace_(trace) {}

    /// The step of what stands as `text` under that of `parent`.
    [[nodiscard]] std::size_t add(const branch& parent, std::string_view text) {
        return trace_ == nullptr ? 0 : trace_->add(parent.step, text);
    }
    void became(const branch& branch, std::string_view text) {
        if (trace_ != nullptr) trace_->became(branch.step, text);
    }
    /// Where the conditions of rules are written down; null: nowhere.
    [[nodiscard]] match_trace* conditions() const { return trace_ == nullptr ? nullptr : &trace_->conditions(); }
    /// Also a rule that rejects, and none.
    void answered(const branch& branch, const rule* rule);
    void matched(const branch& branch);
    void ends(const branch& branch, const destination& destination, char tag_delimiter);
    void failed(const branch& branch, const mail::status& reason, const base::error_code& detail);

private:
    expansion_trace* trace_;
};

}  // namespace waypost::rules
