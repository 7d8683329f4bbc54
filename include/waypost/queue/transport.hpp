// Who carries mail away: the relay engine, and the local agents. The queue knows them by this interface alone.
#pragma once

#include "waypost/queue/outcome.hpp"
#include "waypost/spool/message.hpp"

namespace waypost::queue {

/// All due envelopes of one message for one next hop.
using queued_message = spool::queued_message;

class transport {
public:
    virtual ~transport() = default;
    /// Takes a task over. Every envelope of it is reported exactly once (mail_queue::report), and not from within this
    /// call. What a stopping transport has not finished is not reported at all: in the store it is still due, at the
    /// next start.
    virtual void carry(queued_message message) = 0;
};

}  // namespace waypost::queue
