#include "waypost/queue/delivery_log.hpp"

#include <string>

namespace waypost::queue {

namespace {

std::string_view word_for(const mail::status& status) {
    if (status.is_success()) return "Ok";
    return status.is_permanent() ? "PermFail" : "TempFail";
}

std::string_view or_dash(std::string_view text) { return text.empty() ? "-" : text; }

/// "1.5s"
std::string delay_text(async::duration delay) {
    const auto tenths = std::chrono::duration_cast<std::chrono::milliseconds>(delay).count() / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "s";
}

}  // namespace

void log_delivery(observe::log& log, const carrier& carrier, const spool::message& message,
                  const spool::envelope& envelope, const mail::status& status, async::wall_time now) {
    log.info(carrier.subsystem, "delivery",
             {{"session", or_dash(carrier.session)},
              {"evpid", spool::to_string(envelope.id)},
              {"from", "<" + message.sender.address.text() + ">"},
              {"to", "<" + envelope.recipient.address.text() + ">"},
              {"rcpt", "<" + (envelope.original.empty() ? envelope.recipient.address.text() : envelope.original) + ">"},
              {"user", or_dash(carrier.user)},
              {"source", or_dash(carrier.source)},
              {"relay", or_dash(carrier.relay)},
              {"delay", delay_text(now - message.arrived)},
              {"result", word_for(status)},
              {"stat", status.line()}});
}

}  // namespace waypost::queue
