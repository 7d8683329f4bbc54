#include "waypost/queue/delivery_log.hpp"

#include <string>

namespace waypost::queue {

namespace {

std::string_view word_for(const mail::status& said) {
    if (said.is_success()) return "Ok";
    return said.is_permanent() ? "PermFail" : "TempFail";
}

std::string_view or_dash(std::string_view text) { return text.empty() ? "-" : text; }

/// "1.5s"
std::string delay_text(async::duration delay) {
    const auto tenths = std::chrono::duration_cast<std::chrono::milliseconds>(delay).count() / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "s";
}

}  // namespace

void log_delivery(observe::log& log, const carrier& by, const spool::message& about, const spool::envelope& which,
                  const mail::status& said, async::wall_time now) {
    log.info(by.subsystem, "delivery",
             {{"session", or_dash(by.session)},
              {"evpid", spool::to_string(which.id)},
              {"from", "<" + about.from.from.text() + ">"},
              {"to", "<" + which.to.to.text() + ">"},
              {"rcpt", "<" + (which.given.empty() ? which.to.to.text() : which.given) + ">"},
              {"user", or_dash(by.user)},
              {"source", or_dash(by.source)},
              {"relay", or_dash(by.relay)},
              {"delay", delay_text(now - about.arrived)},
              {"result", word_for(said)},
              {"stat", said.line()}});
}

}  // namespace waypost::queue
