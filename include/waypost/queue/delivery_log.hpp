// The log line of one try for one envelope, the same from every transport, with the field names that OpenSMTPD's has.
#pragma once

#include <string_view>

#include "waypost/async/clock.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/spool/message.hpp"

namespace waypost::queue {

/// Who carried it. Empty ones are "-" in the line.
struct carrier {
    std::string_view subsystem;  // "mta", "mda"
    std::string_view session;
    std::string_view user;    // local delivery
    std::string_view source;  // our address
    std::string_view relay;   // the host
};

void log_delivery(observe::log& log, const carrier& carrier, const spool::message& message,
                  const spool::envelope& envelope, const mail::status& status, async::wall_time now);

}  // namespace waypost::queue
