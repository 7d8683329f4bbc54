#include "start_worker.hpp"

#include <string>

#include "waypost/process/spawn.hpp"

namespace waypost::delivery {

base::result<started_worker> start_worker(identity identity) {
    auto pair = process::make_socket_pair();
    if (pair.has_error()) return pair.error();
    auto child = process::spawn(
        {.path = "/proc/self/exe",
         .arguments = {"waypost", "delivery-worker", std::to_string(identity.uid), std::to_string(identity.gid)},
         .descriptors = {.input = pair->theirs.get(), .output = process::standard_descriptors::nowhere}});
    if (child.has_error()) return child.error();
    return started_worker{.socket = std::move(pair->ours), .pidfd = std::move(*child).release()};
}

}  // namespace waypost::delivery
