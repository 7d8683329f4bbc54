// Delivers to Maildirs: the local agent of `action ... maildir`.
//
// A message is written to tmp/, synced, moved to new/, and the directory is synced, so a mail that was reported
// delivered is on stable storage. The file's name is made from the envelope's id, so a delivery that is repeated after
// a crash replaces the file instead of doubling the mail. Only the daemon's own uid is delivered to; the rules refuse
// every other user earlier, and this agent defers what gets here all the same.
#pragma once

#include "waypost/async/clock.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/delivery/settings.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/queue/mail_queue.hpp"
#include "waypost/queue/transport.hpp"

namespace waypost::delivery {

/// What the agent needs of the rest of the program. All of it outlives it.
struct surroundings {
    async::clock& clock;
    observe::log& log;
    async::workers& io;
    queue::mail_queue& queue;
};

class maildir_agent final : public queue::transport {
public:
    maildir_agent(const async::executor& on, surroundings with, settings how);

    void carry(queue::task what) override;
    async::awaitable<> stop();

private:
    async::awaitable<> deliver(queue::task what);
    async::awaitable<mail::status> deliver_one(const spool::message& about, const spool::content& content,
                                               const spool::envelope& to);

    surroundings with_;
    settings settings_;
    async::task_group deliveries_;
};

}  // namespace waypost::delivery
