// The two locks of a mailbox that is one file, taken in this order by all who respect them: a file of the name
// `mailbox.lock` beside it, and a record lock of the whole of it. Both are waited for by asking again and again: nobody
// tells when another program gives one back.
#pragma once

#include <chrono>
#include <string>

#include "waypost/process/descriptor.hpp"

namespace waypost::delivery_worker {

using lock_deadline = std::chrono::steady_clock::time_point;

/// mailbox_errc::locked: somebody held the lock until the deadline.
class dot_lock {
public:
    /// Where no file may be made beside the mailbox there is no dot lock; that is no error, the record lock remains.
    static base::result<dot_lock> take(const std::string& mailbox, lock_deadline until);
    dot_lock(dot_lock&&) noexcept = default;
    dot_lock& operator=(dot_lock&&) = delete;
    ~dot_lock();

private:
    dot_lock(std::string path, process::descriptor file) : path_(std::move(path)), file_(std::move(file)) {}
    std::string path_;
    process::descriptor file_;
};

/// For writing, until the descriptor is closed. An open file description's lock, so it holds between threads too; those
/// who use plain fcntl locks respect it.
base::result<> lock_record(int file, lock_deadline until);

}  // namespace waypost::delivery_worker
