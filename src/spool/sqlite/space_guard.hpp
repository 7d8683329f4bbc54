// Refuses new mail while the volume has too little room left for what is kept already to end (volume.hpp says why), and
// gets room back: what the log holds, what ended messages left, and at last the reserve.
#pragma once

#include <atomic>

#include "batch.hpp"
#include "waypost/spool/volume.hpp"

namespace waypost::spool::sqlite {

class space_guard {
public:
    space_guard(volume& volume, database& db, warning_sink warn)
        : volume_(volume), log_(db.log()), warn_(std::move(warn)) {}

    /// On the loop's thread: whether a message of this size would be taken, by what the writer saw last.
    [[nodiscard]] bool fits(std::uint64_t octets);

    // On the writer's:
    void hold_reserve() { volume_.hold(); }
    /// A message was refused before it came here: look() looks for room even if nothing else is refused.
    void note_refusal() noexcept { lacks_room_ = true; }
    /// Refuses the insertions that would use room which changes need, before anything is written.
    void admit(const batch& work);
    /// After a batch. `is_failing`: what the disk lacks may be the reserve, which is not taken again then.
    void look(bool is_failing);
    /// What the disk lacks may be ours to give: the reserve, and what the log holds.
    void give_all();

private:
    [[nodiscard]] bool is_room_left(std::uint64_t free, std::uint64_t beyond_reserve) const;
    [[nodiscard]] std::uint64_t share_kept_from(const insertion& insertion) const;
    void look_at_spare(std::uint64_t free);

    volume& volume_;
    write_ahead_log& log_;
    warning_sink warn_;
    bool is_full_ = false;  // new mail is refused
    bool lacks_room_ = false;  // a message was refused since room was last looked at
    std::atomic<std::uint64_t> spare_{0};  // octets of the database's files that new mail may use, when last looked at
};

}  // namespace waypost::spool::sqlite
