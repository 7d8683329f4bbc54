#include "waypost/rules/expansion_trace.hpp"

#include <algorithm>
#include <iterator>

namespace waypost::rules {

std::vector<expansion_trace::step> expansion_trace::steps() const {
    std::vector<step> found;
    std::vector<std::size_t> next;
    if (!entries_.empty()) next.push_back(root);
    while (!next.empty()) {
        const entry& one = entries_[next.back()];
        next.pop_back();
        found.push_back(one.step);
        std::ranges::copy(one.below.rbegin(), one.below.rend(), std::back_inserter(next));
    }
    return found;
}

std::size_t expansion_trace::add(std::size_t parent, std::string_view text) {
    const std::size_t which = entries_.size();
    const unsigned depth = which == root ? 0 : entries_[parent].step.depth + 1;
    entries_.push_back({.step = {.depth = depth, .text = std::string(text), .became = {}}, .below = {}});
    if (which != root) entries_[parent].below.push_back(which);
    return which;
}

void expansion_trace::became(std::size_t index, std::string_view words) {
    std::string& text = entries_[index].step.became;
    if (!text.empty()) text += ", ";
    text += words;
}

}  // namespace waypost::rules
