#include "waypost/queue/outcome.hpp"

namespace waypost::queue {

outcome outcome_of(const mail::status& status, std::string remote) {
    if (status.is_success()) return delivered{.status = status, .remote = std::move(remote)};
    if (status.is_permanent()) return failed{.status = status, .remote = std::move(remote)};
    const bool for_host = remote.empty();
    return deferred{.status = status, .remote = std::move(remote), .for_host = for_host};
}

}  // namespace waypost::queue
