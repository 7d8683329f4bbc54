#include "space_guard.hpp"

#include <optional>
#include <string>
#include <utility>

namespace waypost::spool::sqlite {
namespace {

// There must be more room by this part of the reserve before it is said that there is room again.
constexpr std::uint64_t part_for_good_news = 16;

/// What a message takes in the database: its row and its text, and the rows of its envelopes with their indexes.
std::uint64_t octets_of(const queued_message& entry) {
    constexpr std::uint64_t row = 8192;
    constexpr std::uint64_t envelope = 1024;
    const content& text = *entry.message->text;
    return row + envelope * entry.envelopes.size() + (text.in_file() ? 0 : text.size());
}

}  // namespace

bool space_guard::fits(std::uint64_t octets) {
    if (volume_.reserve() == 0) return true;
    if (octets > content::memory_limit) return volume_.admits(octets);
    return is_room_left(volume_.recently_free(), 2 * octets);
}

bool space_guard::is_room_left(std::uint64_t free, std::uint64_t beyond_reserve) const {
    const std::uint64_t needed = volume_.reserve() + beyond_reserve;
    return free >= needed || free + spare_ >= needed;
}

/// Reports get what other mail does not: without them mail that has failed could not end.
std::uint64_t space_guard::share_kept_from(const insertion& insertion) const {
    return insertion.entry.message->sender.address.is_null() ? volume_.reserve() / 2 : volume_.reserve();
}

void space_guard::admit(const batch& work) {
    if (volume_.reserve() == 0) return;
    const std::uint64_t free = volume_.free();
    std::uint64_t sum = 0;
    std::optional<write_ahead_log::spare_room> spare;
    for (const write& each : work.writes) {
        insertion* one = insertion_in(each);
        if (one == nullptr) continue;
        const std::uint64_t octets = sum + octets_of(one->entry);
        const std::uint64_t kept = share_kept_from(*one);
        // A message is written twice, to the log and to the database.
        bool fits = free >= kept + 2 * octets;
        if (!fits) {
            if (!spare) spare = log_.spare();
            const std::uint64_t for_log = free + spare->in_log;
            fits = for_log >= kept / 2 + octets && for_log + spare->in_database >= kept + 2 * octets;
        }
        if (fits) {
            sum = octets;
        } else {
            one->failed = errc::full;
            lacks_room_ = true;
        }
    }
}

void space_guard::look(bool is_failing) {
    const std::uint64_t reserve = volume_.reserve();
    std::uint64_t free = volume_.free();
    look_at_spare(free);
    if (reserve == 0) return;
    if (std::exchange(lacks_room_, false) || !is_room_left(free, 0)) {
        // The log holds what has ended, too: its pages are nobody's until they are in the database.
        // Where the last block is taken, and the database has to grow for it, the reserve helps.
        if (log_.spare().log_size > 0 && !log_.empty()) give_all();
        free = volume_.free();
        look_at_spare(free);
    }
    if (!volume_.is_held() && !is_failing) volume_.hold();
    const std::uint64_t for_good_news = is_full_ ? reserve / part_for_good_news : 0;
    const bool was_full = std::exchange(is_full_, !is_room_left(free, for_good_news));
    if (is_full_ == was_full) return;
    warn_(is_full_ ? "less than " + std::to_string(reserve >> 10) + " KiB of the volume are free: new mail is refused"
                   : std::string("there is room for new mail again"));
}

void space_guard::look_at_spare(std::uint64_t free) {
    const bool is_short = free < 2 * volume_.reserve();
    log_.shrink_if_easy(is_short);
    write_ahead_log::spare_room spare;
    if (is_short) spare = log_.spare();
    spare_ = spare.in_database + spare.in_log;
}

void space_guard::give_all() {
    volume_.give_up();
    log_.empty();
}

}  // namespace waypost::spool::sqlite
