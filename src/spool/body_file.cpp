#include "body_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "waypost/process/io.hpp"
#include "waypost/spool/store.hpp"
#include "waypost/spool/volume.hpp"

namespace waypost::spool {

body_file::~body_file() {
    file_.close();
    if (created_ && !is_kept_) ::unlink(path().c_str());
}

base::error_code body_file::append(std::string_view octets) {
    if (room_ && !room_->admits(octets.size())) return errc::full;
    if (!file_) {
        // Without O_EXCL: message ids are never used twice, so a file of that name is a leftover of a crash.
        auto made = process::open_file(path(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
        if (made.has_error()) return made.error();
        file_ = std::move(*made);
        created_ = true;
    }
    const auto written = process::write_all(file_.get(), octets);
    return written.has_error() ? written.error() : base::error_code();
}

base::error_code body_file::sync() {
    if (::fdatasync(file_.get()) != 0) return process::last_error();
    file_.close();
    if (::rename(path().c_str(), path_.c_str()) != 0) return process::last_error();
    whole_ = true;
    return {};
}

base::result<std::size_t> body_file::read(std::uint64_t offset, std::span<char> buffer) const {
    const auto file = process::open_file(path(), O_RDONLY | O_NOFOLLOW);
    if (file.has_error()) return file.error();
    return process::read_at(file->get(), offset, buffer);
}

}  // namespace waypost::spool
