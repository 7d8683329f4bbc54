// Which envelopes of a next hop go next: half of them the longest due, half of them small messages that wait behind
// long ones (store::due).
//
// Ids alone, from the index envelopes_by_hop. In it the envelopes of one message that are due at one moment are
// neighbours, so a long message costs the look for small ones as many steps as a small message may have envelopes, and
// a jump; a list of 100,000 recipients is passed like one of 21. The look is bounded: where it ends without having
// found enough, the next one for that hop goes on, so that a letter behind thousands of lists is found after a few.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "waypost/spool/message.hpp"

namespace waypost::spool::sqlite {

class due_order {
public:
    explicit due_order(SQLite::Database& db) : same_moment_(db, rest_of_moment), later_(db, later_moments) {}

    /// Up to `limit` ids, none that is `excluded`. Fewer are all that there are.
    [[nodiscard]] std::vector<std::int64_t> next(const next_hop& hop, std::int64_t now, std::size_t limit,
                                                 const std::function<bool(std::int64_t)>& excluded);

    // For the test that they are answered by the index alone.
    static constexpr const char* rest_of_moment =
        "SELECT next_try, id FROM envelopes WHERE action = ? AND domain = ? AND next_try = ? AND id > ? ORDER BY id";
    static constexpr const char* later_moments =
        "SELECT next_try, id FROM envelopes WHERE action = ? AND domain = ? AND next_try > ? ORDER BY next_try, id";

private:
    struct row {
        std::int64_t moment = std::numeric_limits<std::int64_t>::min();
        std::int64_t id = 0;
        friend auto operator<=>(const row&, const row&) = default;
    };
    class rows;
    struct search;

    static void longest_due(rows& rows, search& search, std::size_t most);
    /// Where to go on another time, if the look was too long.
    static std::optional<row> small_ones(rows& rows, search& search);
    static void the_rest(rows& rows, search& search);
    void look_for_small(rows& rows, search& search, const next_hop& hop);

    SQLite::Statement same_moment_;
    SQLite::Statement later_;
    std::map<next_hop, row> goes_on_at_;
};

}  // namespace waypost::spool::sqlite
