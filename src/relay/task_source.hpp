// Where a session gets mail, and where it leaves word of it.
#pragma once

#include <memory>
#include <optional>

#include "waypost/async/awaitable.hpp"
#include "waypost/base/result.hpp"
#include "waypost/mail/status.hpp"
#include "waypost/queue/delivery_log.hpp"
#include "waypost/queue/transport.hpp"
#include "waypost/spool/content.hpp"
#include "waypost/spool/message.hpp"

namespace waypost::relay {

/// One a session; outlives it. Everything happens on one executor, so what one session gives back another may
/// take at once.
class task_source {
public:
    virtual ~task_source() = default;
    /// A task that waits, of at most `recipients` recipients; nothing if none waits now.
    virtual std::optional<queue::queued_message> take(std::size_t recipients) = 0;
    /// Waits for work: false when the session is to leave (idle for too long, or the engine stops). True is no promise:
    /// another session may have taken what there was.
    virtual async::awaitable<bool> wait() = 0;
    /// Not carried, and nothing is known against it: goes down another session as soon as possible, before all that
    /// waits. Of several the newest comes first, so that they are in order again.
    virtual void give_back(queue::queued_message task) = 0;
    /// What became of one envelope. `takes_dsn`: the host reports to the sender itself (RFC 3461). Each envelope that
    /// was taken is settled or given back, once, unless the session is cancelled.
    virtual void settle(const std::shared_ptr<const spool::message>& message, const spool::envelope& envelope,
                        const mail::status& status, const queue::carrier& carrier, bool takes_dsn) = 0;
    /// Feeds the concurrency towards the host. Once a transaction, when its envelopes are settled; once for all that a
    /// lost connection cut short. The host is well if it took or refused somebody for good; `status` is the first word
    /// of it.
    virtual void transaction_ended(bool host_is_well, const mail::status& status) = 0;
    virtual async::awaitable<base::result<std::shared_ptr<const spool::content>>> content_of(
        std::shared_ptr<const spool::message> message) = 0;
};

}  // namespace waypost::relay
