#include "verdict.hpp"

#include <utility>

#include "statuses.hpp"

namespace waypost::rules {

bool verdict::add(destination to) {
    // A target or a mailbox is one whatever address it was reached by; a relay is told the address.
    const bool is_relay = to.user.empty() && to.target.empty();
    if (!places_.emplace(to.by, to.user, is_relay ? to.to.text() : to.target).second) return false;
    found_.push_back(std::move(to));
    return true;
}

void verdict::branch_failed(const mail::status& why) {
    if (!why.is_permanent()) {
        whole_failed_ = why;
    } else if (!branch_failed_) {
        branch_failed_ = why;
    }
}

resolution verdict::take() {
    if (whole_failed_) return std::move(*whole_failed_);
    if (!found_.empty()) return std::move(found_);
    if (branch_failed_) return std::move(*branch_failed_);
    // Every branch came back to where another one had been.
    return looped();
}

}  // namespace waypost::rules
