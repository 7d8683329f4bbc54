// The notice that a recipient was expanded (RFC 3461 section 5.2.7), as an envelope: kept with the message that it is
// about, so that neither a crash nor a full disk loses it. The queue makes the report of it; no transport sees it.
#pragma once

#include "waypost/spool/message.hpp"

namespace waypost::spool {

/// No action and no domain: the name of an action may be empty, a domain has no asterisk.
[[nodiscard]] inline next_hop expansion_notice() { return {.action = {}, .domain = "*expanded"}; }
[[nodiscard]] inline bool is_expansion_notice(const next_hop& hop) {
    return hop.action.empty() && hop.domain == "*expanded";
}

}  // namespace waypost::spool
