// The few things that a queue needs of its directory. Blocking; they throw std::runtime_error with the path in the
// text.
#pragma once

#include <functional>
#include <string>

#include "waypost/process/descriptor.hpp"

namespace waypost::spool::sqlite::file_system {

/// Makes `path`, readable by nobody else, if it is not there. One that is there must be ours, and is closed to others.
void make_private_directory(const std::string& path);
/// The same for the directory of a queue, which may also be root's or our group's if we can write to it: so are the
/// volumes of containers. `warn` hears of one that any user can write to.
void make_queue_directory(const std::string& path, const std::function<void(const std::string&)>& warn);
/// Makes an empty file that nobody else can read.
void make_private_file(const std::string& path);
/// Makes the entries of a directory as durable as its files are.
void sync_directory(const std::string& path);

/// A lock file held for the life of this: one process uses a queue at a time.
class lock {
public:
    /// Throws with the process id of the one who holds it.
    explicit lock(const std::string& directory);

private:
    process::descriptor file_;
};

}  // namespace waypost::spool::sqlite::file_system
