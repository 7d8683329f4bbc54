#include "waypost/queue/outcome.hpp"

namespace waypost::queue {

outcome outcome_of(const mail::status& said, std::string remote) {
    if (said.is_success()) return delivered{.said = said, .remote = std::move(remote)};
    if (said.is_permanent()) return failed{.said = said, .remote = std::move(remote)};
    const bool for_host = remote.empty();
    return deferred{.said = said, .remote = std::move(remote), .for_host = for_host};
}

}  // namespace waypost::queue
