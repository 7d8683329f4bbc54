// Gives out message ids: the time, or one more than the last.
//
// No id is used twice in the life of a queue, whatever the calendar does: the highest that may have been used is kept
// in the database (`queue.reserved_id`), not derived from the rows that happen to be left.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "waypost/spool/ids.hpp"

namespace waypost::spool::sqlite {

class message_ids {
public:
    /// `highest` is in use already.
    explicit message_ids(message_id highest) : last_(highest.value()) {}

    [[nodiscard]] message_id next(std::chrono::system_clock::time_point now) {
        last_ = std::max(last_ + 1, earliest_at(now).value());
        return message_id(last_);
    }
    /// The lowest id that is given out at a time, unless ids are ahead of the clock.
    [[nodiscard]] static message_id earliest_at(std::chrono::system_clock::time_point now) {
        using namespace std::chrono;
        using tenths = duration<std::int64_t, std::ratio<1, 10'000>>;
        constexpr sys_days epoch = 2026y / January / 1;
        const auto since = floor<tenths>(now - epoch).count();
        // A clock that is wild must not matter: ids go on from the last.
        const bool is_sane = since > 0 && since < std::int64_t{1} << 42;
        return message_id(is_sane ? static_cast<std::uint64_t>(since) : 0);
    }

    /// The moment at which an id is the lowest.
    [[nodiscard]] static std::chrono::system_clock::time_point time_of(message_id id) {
        using namespace std::chrono;
        using tenths = duration<std::int64_t, std::ratio<1, 10'000>>;
        constexpr sys_days epoch = 2026y / January / 1;
        return epoch + tenths(static_cast<std::int64_t>(id.value()));
    }

private:
    std::uint64_t last_;
};

}  // namespace waypost::spool::sqlite
