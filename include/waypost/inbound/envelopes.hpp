// From what the rules decided to what the spool keeps.
#pragma once

#include <chrono>
#include <vector>

#include "waypost/async/clock.hpp"
#include "waypost/rules/expansion.hpp"
#include "waypost/spool/message.hpp"

namespace waypost::inbound {

/// One envelope a destination, without ids. `ttl` serves where the action has none of its own.
[[nodiscard]] std::vector<spool::envelope> envelopes_of(const std::vector<rules::destination>& destinations,
                                                        const mail::recipient& given, async::wall_time now,
                                                        std::chrono::seconds ttl);

}  // namespace waypost::inbound
