// Body files that no row names.
//
// A session was receiving the message when the process ended: such a file has not got its name yet, and is removed.
// What has its name may have been accepted, and the database may have lost it, so it is moved to the folder `lost` for
// an administrator to look at. (Files of messages that have ended are named by the table `removals`, and the writer's.)
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "waypost/spool/ids.hpp"

namespace waypost::spool::sqlite {

/// Does so on a thread of its own, beside everything else. Touches only names of messages before `first_new`, so
/// it never meets a message of this process.
class orphan_cleanup {
public:
    orphan_cleanup(std::string directory, message_id first_new, std::function<void(const std::string&)> warn);

private:
    std::jthread thread_;
};

}  // namespace waypost::spool::sqlite
