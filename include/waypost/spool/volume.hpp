// The room on the volume that a queue lies on: what new mail may use of it, and what it may not.
//
// To end a message takes room in the write-ahead log, and to empty the log takes room in the database. On a volume that
// is full to the last block neither can be done, so a queue that filled it would stay full for ever. Therefore new mail
// is refused while less than the reserve is free, and the log is kept small enough to be emptied within it. Where
// others fill the volume all the same, a file that holds a part of the reserve is given up.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace waypost::spool {

class volume {
public:
    /// Without `reserve`, in proportion to the volume. 0: nothing is kept free.
    volume(std::string directory, std::optional<std::uint64_t> reserve);
    volume(const volume&) = delete;
    volume& operator=(const volume&) = delete;

    /// Octets that must stay free.
    [[nodiscard]] std::uint64_t reserve() const noexcept { return reserve_; }
    /// How long the write-ahead log may become before it is emptied.
    [[nodiscard]] std::uint64_t longest_log() const noexcept;

    /// Octets that are free now; no end of them where that cannot be known. Any thread may ask.
    [[nodiscard]] std::uint64_t free() const noexcept;
    /// The same, as it was at most a few milliseconds ago, for what is asked for each message. Of one thread.
    [[nodiscard]] std::uint64_t recently_free() noexcept;
    /// Whether so many octets more may be written for new mail.
    [[nodiscard]] bool admits(std::uint64_t octets) const noexcept;

    // For the writer's thread:
    /// Makes the file of the reserve, where there is room for it.
    void hold() noexcept;
    /// True if there was one to give up.
    bool give_up() noexcept;
    [[nodiscard]] bool is_held() const noexcept { return has_reserve_; }

private:
    std::string directory_;
    std::string path_;
    std::uint64_t reserve_;
    bool has_reserve_ = false;
    std::uint64_t last_free_ = 0;
    std::chrono::steady_clock::time_point seen_at_;
};

}  // namespace waypost::spool
