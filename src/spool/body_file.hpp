// The file that holds the text of one long message. Blocking: for a worker thread.
//
// Until keep() somebody must see the file gone when this ends: it is removed then. Open only while it is being written;
// a reader opens it for each piece, so that messages that wait cost no descriptors.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "waypost/base/result.hpp"

namespace waypost::spool {

class body_file {
public:
    enum class state { fresh, kept };

    /// Touches nothing yet.
    body_file(std::string path, state now) : path_(std::move(path)), kept_(now == state::kept) {}
    ~body_file();
    body_file(const body_file&) = delete;
    body_file& operator=(const body_file&) = delete;

    /// The first call creates the file.
    [[nodiscard]] base::error_code append(std::string_view octets);
    /// Onto stable storage, and closed.
    [[nodiscard]] base::error_code sync();
    /// Fills `into` from `offset` on as far as the file goes.
    [[nodiscard]] base::result<std::size_t> read(std::uint64_t offset, std::span<char> into) const;

    void keep() noexcept { kept_ = true; }
    /// Its end will take the disk's time.
    [[nodiscard]] bool is_to_be_removed() const noexcept { return created_ && !kept_; }

private:
    void close() noexcept;

    std::string path_;
    int fd_ = -1;
    bool created_ = false;
    std::atomic<bool> kept_;  // set by the store's writer thread
};

}  // namespace waypost::spool
