// What an administrator can set about waiting mail.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "waypost/queue/retry.hpp"

namespace waypost::queue {

struct settings {
    std::string host;                                    // names itself in reports
    std::chrono::seconds ttl{std::chrono::hours(96)};    // queue ttl
    std::chrono::seconds report_ttl{std::chrono::hours(7 * 24)};
    std::vector<std::chrono::seconds> warn_intervals{std::chrono::hours(4)};  // bounce warn-interval
    retry_settings retry;
    /// Envelopes that go at once when their host works again; the rest follows with the next success.
    std::size_t max_deferred = 100;
    /// Envelopes of one next hop in memory; the rest waits on disk. 1,000 keeps twenty sessions busy for longer than it
    /// takes to read the next thousand.
    std::size_t window = 1000;
    /// The same over all next hops; what is due beyond it waits on disk, but for a few envelopes of each hop.
    std::size_t total = 20'000;
    /// Content kept in memory for a first attempt, over all messages.
    std::size_t content_budget = 64U << 20;
    /// Recipients of one message that fail within this time are reported in one bounce.
    std::chrono::milliseconds report_pause{200};
    /// Reports that are being made at a time: each may hold what it returns in memory.
    std::size_t reports_at_a_time = 8;
    /// The longest message that a bounce returns whole when RET=FULL asks for it; of longer ones the header section.
    std::size_t longest_return = 1U << 20;
};

}  // namespace waypost::queue
