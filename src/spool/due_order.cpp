#include "due_order.hpp"

#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "statement.hpp"
#include "waypost/spool/store.hpp"

namespace waypost::spool {
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
    rows(due_order& of, const next_hop& hop, std::int64_t now) : of_(of), hop_(hop), now_(now) { go_behind({}); }

    void go_behind(const row& place) {
        at_ = place;
        later_.reset();
        same_moment_.emplace(of_.same_moment_);
        *same_moment_ << hop_.action << hop_.domain << place.moment << place.id;
    }
    std::optional<row> next() {
        if (same_moment_ && same_moment_->next()) return take(*same_moment_);
        if (same_moment_) {
            same_moment_.reset();
            later_.emplace(of_.later_);
            *later_ << hop_.action << hop_.domain << at_.moment;
        }
        return later_->next() ? take(*later_) : std::nullopt;
    }

private:
    std::optional<row> take(const use& from) {
        at_ = {from.number(0), from.number(1)};
        return at_.moment <= now_ ? std::optional(at_) : std::nullopt;
    }

    due_order& of_;
    const next_hop& hop_;
    std::int64_t now_;
    row at_;
    std::optional<use> same_moment_, later_;
};

struct due_order::search {
    std::size_t limit;
    const std::function<bool(std::int64_t)>& excluded;
    std::vector<std::int64_t> found;
    std::unordered_set<std::int64_t> has;
    row reached;  // the last one that was taken in order
    bool ended = false;

    void take(std::int64_t id) {
        if (found.size() < limit && !excluded(id) && has.insert(id).second) found.push_back(id);
    }
};

std::vector<std::int64_t> due_order::next(const next_hop& hop, std::int64_t now, std::size_t limit,
                                          const std::function<bool(std::int64_t)>& excluded) {
    rows from(*this, hop, now);
    search of{.limit = limit, .excluded = excluded, .found = {}, .has = {}, .reached = {}};
    longest_due(from, of, limit - limit / 2);
    if (!of.ended) look_for_small(from, of, hop);
    if (!of.ended) the_rest(from, of);
    return std::move(of.found);
}

void due_order::longest_due(rows& from, search& of, std::size_t most) {
    while (of.found.size() < most) {
        const auto one = from.next();
        of.ended = !one;
        if (of.ended) return;
        of.take(one->id);
        of.reached = *one;
    }
}

void due_order::look_for_small(rows& from, search& of, const next_hop& hop) {
    if (const auto before = goes_on_at_.extract(hop); before && before.mapped() > of.reached)
        from.go_behind(before.mapped());
    if (const auto later = small_ones(from, of); later && goes_on_at_.size() < most_places_kept)
        goes_on_at_.insert_or_assign(hop, *later);
}

// A message whose envelopes have moments of their own is as long as it is all the same.
std::optional<due_order::row> due_order::small_ones(rows& from, search& of) {
    std::unordered_map<std::int64_t, std::size_t> of_message;
    std::vector<row> run;
    std::optional<row> one = from.next();
    for (int looked_at = 1; of.found.size() < of.limit; ++looked_at) {
        const bool is_same = one && !run.empty() && one->moment == run.back().moment &&
                             message_number(one->id) == message_number(run.back().id);
        if (!is_same) {
            for (const row& each : run) of.take(each.id);
            run.clear();
        }
        if (!one) return std::nullopt;
        if (looked_at > most_rows && run.empty()) return row{one->moment, one->id - 1};
        run.push_back(*one);
        const std::int64_t about = message_number(one->id);
        if (++of_message[about] > small_message) {
            run.clear();
            from.go_behind({one->moment, (about << recipient_bits) | static_cast<std::int64_t>(max_recipients - 1)});
        }
        one = from.next();
    }
    return std::nullopt;
}

void due_order::the_rest(rows& from, search& of) {
    from.go_behind(of.reached);
    while (of.found.size() < of.limit) {
        const auto one = from.next();
        if (!one) return;
        of.take(one->id);
    }
}

}  // namespace waypost::spool
