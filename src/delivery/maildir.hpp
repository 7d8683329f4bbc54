// A Maildir on disk. Everything here blocks, and is called off the loop.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "waypost/base/result.hpp"

namespace waypost::delivery {

/// A message that is being written to tmp/. Unless committed, its file is removed with it.
class maildir_file {
public:
    /// Makes the Maildir where it is missing. `name` is the file's, unique in the Maildir, without slashes.
    static base::result<maildir_file> create(const std::string& maildir, const std::string& name);
    maildir_file(maildir_file&& other) noexcept;
    maildir_file& operator=(maildir_file&&) = delete;
    ~maildir_file();

    base::result<> append(std::string_view bytes);
    /// Syncs, moves to new/, syncs the directory.
    base::result<> commit();

private:
    maildir_file(std::string maildir, std::string name, int file)
        : maildir_(std::move(maildir)), name_(std::move(name)), file_(file) {}
    [[nodiscard]] std::string path_in(std::string_view folder) const;

    std::string maildir_;
    std::string name_;
    int file_ = -1;
};

/// Line ends as mailboxes on this system have them: LF. `after_cr` carries a CR over from piece to piece.
[[nodiscard]] std::string with_native_line_ends(std::string_view piece, bool& after_cr);

}  // namespace waypost::delivery
