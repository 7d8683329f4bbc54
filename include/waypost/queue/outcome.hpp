// What became of one envelope in one try.
#pragma once

#include <string>
#include <variant>

#include "waypost/mail/status.hpp"

namespace waypost::queue {

/// `remote` is the host whose words the status is; empty where it is ours.
struct delivered {
    mail::status status;
    std::string remote;
    bool final = true;         // a mailbox; otherwise it was passed on
    bool dsn_passed = false;   // passed on to a host that reports success itself (RFC 3461 section 5.2.2)
};
struct deferred {
    mail::status status;
    std::string remote;
    bool for_host = false;  // any mail would have been deferred: it may go as soon as the host takes other mail
};
struct failed {
    mail::status status;
    std::string remote;
};
using outcome = std::variant<delivered, deferred, failed>;

/// 2yz is delivered, 4yz deferred, 5yz failed. A deferral that no host has spoken is one for the host's sake.
[[nodiscard]] outcome outcome_of(const mail::status& status, std::string remote);

}  // namespace waypost::queue
