// A message from a program of this machine, put into the spool directly when no daemon runs; the next one sends it.
#pragma once

#include <string>
#include <vector>

#include "waypost/async/offload.hpp"
#include "waypost/config/load.hpp"
#include "waypost/mail/envelope.hpp"
#include "waypost/mail/status.hpp"

namespace waypost::daemon {

struct submission {
    mail::sender from;  // eight_bit: the content has octets over 127
    std::vector<mail::recipient> to;
    std::string content;  // CRLF line ends
};

/// What the rules and the store say: success when the message is kept for every recipient, otherwise the first refusal,
/// and nothing is kept. Blocks. Throws std::runtime_error when the spool cannot be opened.
[[nodiscard]] mail::status submit(async::workers& io, const config::loaded& settings, submission what);

}  // namespace waypost::daemon
