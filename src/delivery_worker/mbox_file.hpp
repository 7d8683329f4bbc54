// A mailbox that is one file, locked for as long as this lives. Unless committed, what was appended is taken off again.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "mailbox_lock.hpp"

namespace waypost::delivery_worker {

class mbox_file {
public:
    /// Makes the mailbox where it is missing. A link is not followed; mailbox_errc says what else is refused.
    static base::result<mbox_file> open(const std::string& path, lock_deadline until);
    mbox_file(mbox_file&&) noexcept = default;
    mbox_file& operator=(mbox_file&&) = delete;
    ~mbox_file();

    base::result<> append(std::string_view bytes);
    /// Syncs.
    base::result<> commit();

private:
    mbox_file(std::string path, dot_lock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
    base::result<> open_and_lock(lock_deadline until);
    base::result<> end_last_message();

    std::string path_;
    dot_lock lock_;  // before file_: given back after it
    process::descriptor file_;
    off_t original_size_ = 0;  // its size without us
};

}  // namespace waypost::delivery_worker
