// Body files that no row names: a session was receiving the message, or its file was about to be removed, when the
// process ended.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "waypost/spool/ids.hpp"

namespace waypost::spool {

/// Removes them on a thread of its own, beside everything else. Touches only names of messages before `first_new`, so
/// it never meets a message of this process.
class leftovers {
public:
    leftovers(std::string directory, message_id first_new, std::function<void(const std::string&)> warn);

private:
    std::jthread thread_;
};

}  // namespace waypost::spool
