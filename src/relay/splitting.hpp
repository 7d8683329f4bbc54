// Parts of a task that must go in a transaction of their own, down the same connection.
#pragma once

#include <functional>
#include <vector>

#include "waypost/mail/status.hpp"
#include "waypost/queue/transport.hpp"

namespace waypost::relay {

/// Takes from `task` the envelopes that are too many when a transaction may have recipients of `domains` domains only
/// (RFC 9422 section 4.3): those of the first domains stay.
[[nodiscard]] queue::queued_message split_by_domain(queue::queued_message& task, std::size_t domains);

/// Takes from `task` the envelopes whose sender is not that of the first.
[[nodiscard]] queue::queued_message split_by_sender(
    queue::queued_message& task, const std::function<mail::reverse_path(const spool::envelope&)>& sender_of);

/// RFC 5321 section 4.5.3.1.10: a server that says "too many recipients" to some has the others, and these go in the
/// next transaction, at once. Hands on the outcome of everybody else. Somebody was taken where this happens, so what
/// is left becomes less each time.
[[nodiscard]] queue::queued_message split_for_room(
    queue::queued_message& task, const std::vector<mail::status>& statuses,
    const std::function<void(const spool::envelope&, const mail::status&)>& tell);

}  // namespace waypost::relay
