#include "due_order.hpp"

#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "bound_statement.hpp"
#include "waypost/spool/store.hpp"

namespace waypost::spool::sqlite {
namespace {

// The look for small messages ends after so many rows: about 1.5 ms of the writer thread, and 200 lists.
constexpr int most_rows = 5000;
// Forgotten, a look begins at the beginning again: nothing is lost but time.
constexpr std::size_t most_places_kept = 1000;

std::int64_t message_number(std::int64_t envelope) { return envelope >> recipient_bits; }

}  // namespace

/// What is due, in order, from behind any place on. One statement for both parts would be shorter, but SQLite does not
/// take the row's id into a range of the index, and would look at 100,000 neighbours to find the next message.
class due_order::rows {
public:
    rows(due_order& order, const next_hop& hop, std::int64_t now) : order_(order), hop_(hop), now_(now) {
        go_behind({});
    }

    void go_behind(const row& place) {
        row_ = place;
        later_.reset();
        same_moment_.emplace(order_.same_moment_);
        *same_moment_ << hop_.action << hop_.domain << place.moment << place.id;
    }
    std::optional<row> next() {
        if (same_moment_ && same_moment_->next()) return take(*same_moment_);
        if (same_moment_) {
            same_moment_.reset();
            later_.emplace(order_.later_);
            *later_ << hop_.action << hop_.domain << row_.moment;
        }
        return later_->next() ? take(*later_) : std::nullopt;
    }

private:
    std::optional<row> take(const bound_statement& from) {
        row_ = {from.number(0), from.number(1)};
        return row_.moment <= now_ ? std::optional(row_) : std::nullopt;
    }

    due_order& order_;
    const next_hop& hop_;
    std::int64_t now_;
    row row_;
    std::optional<bound_statement> same_moment_, later_;
};

struct due_order::search {
    std::size_t limit;
    const std::function<bool(std::int64_t)>& excluded;
    std::vector<std::int64_t> ids;
    std::unordered_set<std::int64_t> has;
    row last_row;  // the last one that was taken in order
    bool ended = false;

    void take(std::int64_t id) {
        if (ids.size() < limit && !excluded(id) && has.insert(id).second) ids.push_back(id);
    }
};

std::vector<std::int64_t> due_order::next(const next_hop& hop, std::int64_t now, std::size_t limit,
                                          const std::function<bool(std::int64_t)>& excluded) {
    rows from(*this, hop, now);
    search of{.limit = limit, .excluded = excluded, .ids = {}, .has = {}, .last_row = {}};
    longest_due(from, of, limit - limit / 2);
    if (!of.ended) look_for_small(from, of, hop);
    if (!of.ended) the_rest(from, of);
    return std::move(of.ids);
}

void due_order::longest_due(rows& rows, search& search, std::size_t most) {
    while (search.ids.size() < most) {
        const auto one = rows.next();
        search.ended = !one;
        if (search.ended) return;
        search.take(one->id);
        search.last_row = *one;
    }
}

void due_order::look_for_small(rows& rows, search& search, const next_hop& hop) {
    if (const auto before = goes_on_at_.extract(hop); before && before.mapped() > search.last_row)
        rows.go_behind(before.mapped());
    if (const auto later = small_ones(rows, search); later && goes_on_at_.size() < most_places_kept)
        goes_on_at_.insert_or_assign(hop, *later);
}

// A message whose envelopes have moments of their own is as long as it is all the same.
std::optional<due_order::row> due_order::small_ones(rows& rows, search& search) {
    std::unordered_map<std::int64_t, std::size_t> of_message;
    std::vector<row> run;
    std::optional<row> one = rows.next();
    for (int looked_at = 1; search.ids.size() < search.limit; ++looked_at) {
        const bool is_same = one && !run.empty() && one->moment == run.back().moment &&
                             message_number(one->id) == message_number(run.back().id);
        if (!is_same) {
            for (const row& each : run) search.take(each.id);
            run.clear();
        }
        if (!one) return std::nullopt;
        if (looked_at > most_rows && run.empty()) return row{one->moment, one->id - 1};
        run.push_back(*one);
        const std::int64_t about = message_number(one->id);
        if (++of_message[about] > small_message) {
            run.clear();
            rows.go_behind({one->moment, (about << recipient_bits) | static_cast<std::int64_t>(max_recipients - 1)});
        }
        one = rows.next();
    }
    return std::nullopt;
}

void due_order::the_rest(rows& rows, search& search) {
    rows.go_behind(search.last_row);
    while (search.ids.size() < search.limit) {
        const auto one = rows.next();
        if (!one) return;
        search.take(one->id);
    }
}

}  // namespace waypost::spool::sqlite
