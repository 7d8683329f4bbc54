// What the relay room needs of the rest of the program.
#pragma once

#include "waypost/async/clock.hpp"
#include "waypost/dns/resolver.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/queue/mail_queue.hpp"

namespace waypost::relay {

/// All of it outlives the engine.
struct dependencies {
    async::clock& clock;
    observe::log& log;
    dns::resolver& dns;
    queue::mail_queue& queue;
};

}  // namespace waypost::relay
