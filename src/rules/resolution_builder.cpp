#include "resolution_builder.hpp"

#include <utility>

#include "statuses.hpp"

namespace waypost::rules {

bool resolution_builder::add(resolved_recipient resolved_recipient) {
    // A target or a mailbox is one whatever address it was reached by; a relay is told the address.
    const bool is_relay = resolved_recipient.user.empty() && resolved_recipient.target.empty();
    if (!places_
             .emplace(resolved_recipient.action, resolved_recipient.user,
                      is_relay ? resolved_recipient.recipient.text() : resolved_recipient.target)
             .second)
        return false;
    destinations_.push_back(std::move(resolved_recipient));
    return true;
}

void resolution_builder::branch_failed(const mail::status& reason) {
    if (!reason.is_permanent()) {
        whole_failed_ = reason;
    } else if (!branch_failed_) {
        branch_failed_ = reason;
    }
}

resolution resolution_builder::take() {
    if (whole_failed_) return std::move(*whole_failed_);
    if (!destinations_.empty()) return std::move(destinations_);
    if (branch_failed_) return std::move(*branch_failed_);
    // Every branch came back to where another one had been.
    return looped();
}

}  // namespace waypost::rules
