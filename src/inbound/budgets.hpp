// What all sessions of a server share, so that many of them together cost no more than the host can bear.
#pragma once

#include "login_line.hpp"
#include "waypost/async/permits.hpp"
#include "waypost/inbound/settings.hpp"

namespace waypost::inbound {

struct budgets {
    explicit budgets(const settings& limits)
        : content(limits.content_memory), envelopes(limits.envelopes_in_sessions) {}

    async::permits content;  // octets of texts in memory that are being received
    async::permits envelopes;  // of transactions that are not committed yet
    login_line logins;
};

}  // namespace waypost::inbound
