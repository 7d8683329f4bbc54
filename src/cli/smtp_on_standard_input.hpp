// `sendmail -bs`: SMTP on standard input and output, spoken by the daemon behind its socket.
#pragma once

#include "waypost/process/descriptor.hpp"

namespace waypost::cli {

/// Passes octets on, unchanged, until the daemon ends the session. Answers with the exit code. Blocks.
[[nodiscard]] int pass_smtp_on(process::descriptor daemon);

}  // namespace waypost::cli
