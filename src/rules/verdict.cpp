#include "verdict.hpp"

#include <utility>

#include "statuses.hpp"

namespace waypost::rules {

bool verdict::add(destination destination) {
    // A target or a mailbox is one whatever address it was reached by; a relay is told the address.
    const bool is_relay = destination.user.empty() && destination.target.empty();
    if (!places_
             .emplace(destination.action, destination.user,
                      is_relay ? destination.recipient.text() : destination.target)
             .second)
        return false;
    destinations_.push_back(std::move(destination));
    return true;
}

void verdict::branch_failed(const mail::status& reason) {
    if (!reason.is_permanent()) {
        whole_failed_ = reason;
    } else if (!branch_failed_) {
        branch_failed_ = reason;
    }
}

resolution verdict::take() {
    if (whole_failed_) return std::move(*whole_failed_);
    if (!destinations_.empty()) return std::move(destinations_);
    if (branch_failed_) return std::move(*branch_failed_);
    // Every branch came back to where another one had been.
    return looped();
}

}  // namespace waypost::rules
