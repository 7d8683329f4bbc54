// What all sessions of a server share, so that many of them together cost no more than the host can bear.
#pragma once

#include <algorithm>
#include <string>

#include "address_counts.hpp"
#include "login_line.hpp"
#include "waypost/async/permits.hpp"
#include "waypost/inbound/settings.hpp"

namespace waypost::inbound {

struct budgets {
    explicit budgets(const settings& limits)
        : content(limits.content_memory),
          envelopes(limits.envelopes_in_sessions),
          envelopes_of_client(for_a_client(limits)) {}

    void set_limits(const settings& limits) {
        content.set_limit(limits.content_memory);
        envelopes.set_limit(limits.envelopes_in_sessions);
        envelopes_of_client.set_limit(for_a_client(limits));
    }
    [[nodiscard]] static std::size_t for_a_client(const settings& limits) {
        return std::max(limits.envelopes_in_sessions / part_for_a_client, limits.max_envelopes);
    }

    static constexpr std::size_t part_for_a_client = 8;

    async::permits content;  // octets of texts in memory that are being received
    async::permits envelopes;  // of transactions that are not committed yet
    counts<std::string> envelopes_of_client;  // of those; by client_of()
    login_line logins;
};

}  // namespace waypost::inbound
