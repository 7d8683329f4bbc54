#include "waypost/queue/outcome.hpp"

namespace waypost::queue {

outcome outcome_of(const mail::status& said, std::string remote) {
    if (said.is_success()) return delivered{.said = said, .remote = std::move(remote)};
    if (said.is_permanent()) return failed{.said = said, .remote = std::move(remote)};
    return deferred{.said = said, .remote = std::move(remote)};
}

}  // namespace waypost::queue
