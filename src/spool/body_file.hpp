// The file that holds the text of one long message. Blocking: for a worker thread.
//
// Until keep() somebody must see the file gone when this ends: it is removed then. Open only while it is being written;
// a reader opens it for each piece, so that messages that wait cost no descriptors.
//
// Until sync() its name ends in content::unfinished.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "waypost/process/descriptor.hpp"
#include "waypost/spool/content.hpp"

namespace waypost::spool {

class volume;

class body_file {
public:
    enum class state { fresh, kept };

    /// Touches nothing yet. With `room`, nothing is written that this does not admit.
    body_file(std::string path, state now, std::shared_ptr<const volume> room = nullptr)
        : path_(std::move(path)), room_(std::move(room)), whole_(now == state::kept), is_kept_(now == state::kept) {}
    ~body_file();
    body_file(const body_file&) = delete;
    body_file& operator=(const body_file&) = delete;

    /// The first call creates the file.
    [[nodiscard]] base::error_code append(std::string_view octets);
    /// Onto stable storage but for the directory's entry, and closed.
    [[nodiscard]] base::error_code sync();
    /// Fills `buffer` from `offset` on as far as the file goes.
    [[nodiscard]] base::result<std::size_t> read(std::uint64_t offset, std::span<char> buffer) const;

    void keep() noexcept { is_kept_ = true; }
    /// Its end will take the disk's time.
    [[nodiscard]] bool is_to_be_removed() const noexcept { return created_ && !is_kept_; }

private:
    [[nodiscard]] std::string path() const { return whole_ ? path_ : path_ + std::string(content::unfinished); }

    std::string path_;
    std::shared_ptr<const volume> room_;
    bool whole_;
    process::descriptor file_;
    bool created_ = false;
    std::atomic<bool> is_kept_;  // set by the store's writer thread
};

}  // namespace waypost::spool
