// A Maildir on disk. Everything here blocks.
#pragma once

#include <string>
#include <string_view>

#include "descriptor.hpp"
#include "waypost/base/result.hpp"

namespace waypost::delivery {

/// A message that is being written to tmp/. Unless committed, its file is removed with it.
class maildir_file {
public:
    /// Makes the Maildir where it is missing. `name` is the file's, unique in the Maildir, without slashes.
    static base::result<maildir_file> create(const std::string& maildir, const std::string& name);
    maildir_file(maildir_file&& other) noexcept = default;
    maildir_file& operator=(maildir_file&&) = delete;
    ~maildir_file();

    base::result<> append(std::string_view bytes);
    /// Syncs, moves to new/, syncs the directory.
    base::result<> commit();

private:
    maildir_file(std::string maildir, std::string name) : maildir_(std::move(maildir)), name_(std::move(name)) {}
    base::result<> move();
    [[nodiscard]] std::string path_in(std::string_view folder) const;

    std::string maildir_;
    std::string name_;
    descriptor file_;
};

/// A message of this name is in new/, or in cur/ under whatever flags.
[[nodiscard]] bool has_message(const std::string& maildir, const std::string& name);

/// The folder of the Maildir for mail with this extension: the Maildir++ subfolder `.extension` if the user has one,
/// else the Maildir itself. The extension is a peer's word: one that could lead elsewhere is ignored.
[[nodiscard]] std::string folder_for(const std::string& maildir, const std::string& extension);

}  // namespace waypost::delivery
