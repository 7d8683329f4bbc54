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
    explicit narrator(expansion_trace* told) : told_(told) {}

    /// The step of what stands as `text` under that of `from`.
    [[nodiscard]] std::size_t add(const branch& from, std::string_view text) {
        return told_ == nullptr ? 0 : told_->add(from.step, text);
    }
    void became(const branch& what, std::string_view text) {
        if (told_ != nullptr) told_->became(what.step, text);
    }
    /// Where the conditions of rules are written down; null: nowhere.
    [[nodiscard]] match_trace* conditions() const { return told_ == nullptr ? nullptr : &told_->conditions(); }
    /// Also a rule that rejects, and none.
    void answered(const branch& what, const rule* by);
    void matched(const branch& what);
    void ends(const branch& what, const destination& at, char tag_delimiter);
    void failed(const branch& what, const mail::status& why, const base::error_code& detail);

private:
    expansion_trace* told_;
};

}  // namespace waypost::rules
