// A Maildir on disk. Everything here blocks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "waypost/process/descriptor.hpp"

namespace waypost::delivery_worker {

enum class placing { moved, name_is_taken };

/// A message that is being written to tmp/. Unless it was moved to new/, its file is removed with it.
class maildir_file {
public:
    /// Makes the Maildir where it is missing. `name` is the file's, unique in the Maildir, without slashes.
    static base::result<maildir_file> create(const std::string& maildir, const std::string& name);
    maildir_file(maildir_file&& source) noexcept = default;
    maildir_file& operator=(maildir_file&&) = delete;
    ~maildir_file();

    base::result<> append(std::string_view bytes);
    /// Octets so far.
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    /// Syncs, moves to new/ as `name`, syncs the directory. A file of that name that is there is never replaced; this
    /// one may be committed under another name then.
    base::result<placing> commit(const std::string& name);

private:
    maildir_file(std::string maildir, std::string name) : maildir_(std::move(maildir)), name_(std::move(name)) {}
    base::error_code move_to(const std::string& name) const;
    [[nodiscard]] std::string path_in_tmp() const { return maildir_ + "/tmp/" + name_; }

    std::string maildir_;
    std::string name_;
    std::uint64_t size_ = 0;
    process::descriptor file_;
};

/// A message of this name and size is in new/, or in cur/ under whatever flags.
[[nodiscard]] bool has_message(const std::string& maildir, const std::string& name, std::uint64_t size);

/// The folder of the Maildir for mail with this extension: the Maildir++ subfolder `.extension` if the user has one,
/// else the Maildir itself. The extension is a peer's word: one that could lead elsewhere is ignored.
[[nodiscard]] std::string folder_for(const std::string& maildir, const std::string& extension);

}  // namespace waypost::delivery_worker
